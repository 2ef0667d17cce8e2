#ifndef SHMETRICS_AGENT_HTTP_HEAD_READER_H_
#define SHMETRICS_AGENT_HTTP_HEAD_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace shmetrics::agent {

/// Collects the bytes of a connection until a whole request head is there. Takes memory only for bytes that
/// have come, and at most kMaxBytes and one block more.
class HeadReader {
 public:
  /// Of one head, from its request line to its empty line.
  static constexpr std::size_t kMaxBytes = std::size_t{128} << 10U;
  /// A longer head is read to its end, because a client that still sends would lose the answer. But not
  /// without end.
  static constexpr std::size_t kMaxDropped = std::size_t{16} << 20U;

  /// Continues with bytes that have come.
  void Add(std::string_view bytes);

  /// Nothing of the next head has come yet.
  bool IsEmpty() const { return bytes_.empty(); }

  /// The head is complete, or it is certain that it is none.
  bool IsComplete() const { return is_complete_; }

  /// Which part of the head went beyond kMaxBytes.
  enum class Excess : std::uint8_t { kNone, kRequestLine, kHeaders };
  Excess excess() const { return excess_; }

  /// The complete head; of one that was too long its beginning. Valid until the next Add() or Next().
  std::string_view Head() const { return {bytes_.data(), head_size_}; }

  /// Forgets the head and begins the next one with the bytes behind it.
  void Next();

 private:
  void SkipEmptyLines();
  /// Looks for the end of the head in the bytes that are new.
  void Look();
  void BeginToDrop();
  void Drop(std::string_view bytes);

  std::string bytes_;           ///< begins with the request line
  std::size_t looked_at_ = 0;   ///< of bytes_: all before it holds no end of the head
  std::size_t line_begin_ = 0;  ///< of bytes_: the line at looked_at_
  std::size_t head_size_ = 0;   ///< of a complete head, with its empty line
  std::size_t lines_ = 0;       ///< complete lines of the head
  std::size_t dropped_ = 0;     ///< bytes behind kMaxBytes
  bool is_line_empty_ = false;  ///< while dropping: nothing but a CR has come of the line
  Excess excess_ = Excess::kNone;
  bool is_complete_ = false;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_HEAD_READER_H_

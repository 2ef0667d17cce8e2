#ifndef SHMETRICS_TESTS_FUZZ_BYTE_SOURCE_H_
#define SHMETRICS_TESTS_FUZZ_BYTE_SOURCE_H_

#include <utf8.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <span>
#include <string>

namespace shmetrics::fuzz {

/// Turns a fuzzer's bytes into values; zeros once they are used up.
class ByteSource {
 public:
  explicit ByteSource(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }
  std::uint8_t Byte() { return Value<std::uint8_t>(); }
  /// A number below `limit`.
  std::size_t Below(std::size_t limit) { return Byte() % limit; }
  template <class T>
  T Value() {
    T value{};
    const std::size_t count = std::min(sizeof value, bytes_.size());
    if (count > 0) std::memcpy(&value, bytes_.data(), count);
    bytes_ = bytes_.subspan(count);
    return value;
  }
  /// Any valid UTF-8.
  std::string Text() {
    const std::size_t wanted = Byte();  // on its own line: it takes a byte from what is left
    const std::size_t count = std::min(wanted, bytes_.size());
    const std::string raw(reinterpret_cast<const char*>(bytes_.data()), count);
    bytes_ = bytes_.subspan(count);
    std::string text;
    utf8::replace_invalid(raw.begin(), raw.end(), std::back_inserter(text));
    return text;
  }

 private:
  std::span<const std::uint8_t> bytes_;
};

}  // namespace shmetrics::fuzz

#endif  // SHMETRICS_TESTS_FUZZ_BYTE_SOURCE_H_

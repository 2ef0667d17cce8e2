#ifndef SHMETRICS_SHM_EXPOSITION_TEXT_BUFFER_H_
#define SHMETRICS_SHM_EXPOSITION_TEXT_BUFFER_H_

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace shmetrics::shm {

/// Copies `text` to `out`, where there is room for it. Returns the end of the copy.
inline char* Append(char* out, std::string_view text) {
  return out + text.copy(out, text.size());  // unlike memcpy, it accepts an empty view
}

/// Appends to a string through a pointer. That needs one check for each line; appending piece by piece checks
/// and counts at every piece. A string zeroes the bytes it grows by, so it grows in steps that stay in the
/// processor's first cache: zeroing megabytes ahead costs a third of a scrape.
class TextBuffer {
 public:
  /// Appends to `out`, which has its final size only when this is destroyed. `expected_bytes` is a guess at
  /// the bytes to come.
  TextBuffer(std::string* out, std::size_t expected_bytes) : out_(out), used_(out->size()) {
    out_->reserve(used_ + expected_bytes + kStepBytes);
    if (out_->capacity() >= kFreshBytes) UseHugePages();
  }
  ~TextBuffer() { out_->resize(used_); }
  TextBuffer(const TextBuffer&) = delete;
  TextBuffer& operator=(const TextBuffer&) = delete;

  /// Makes room for `bytes` more. Returns where to write them; valid until the next call.
  char* Reserve(std::size_t bytes) {
    if (out_->size() - used_ < bytes) [[unlikely]] {
      out_->resize(used_ + std::max(bytes, kStepBytes));
    }
    return out_->data() + used_;
  }
  /// Adds what was written from Reserve() to `end`.
  void Commit(const char* end) { used_ = static_cast<std::size_t>(end - out_->data()); }

 private:
  static constexpr std::size_t kStepBytes = 8192;
  /// From this size on, malloc() takes memory from the kernel each time, and gives it back.
  static constexpr std::size_t kFreshBytes = std::size_t{32} << 20U;

  /// Getting fresh memory in pages of 4,096 bytes takes twice as long as writing to it. Without huge pages
  /// everything still works.
  void UseHugePages() {
    constexpr std::uintptr_t kHugePageBytes = std::size_t{2} << 20U;
    const auto begin = reinterpret_cast<std::uintptr_t>(out_->data());
    const std::uintptr_t aligned = (begin + kHugePageBytes - 1) & ~(kHugePageBytes - 1);
    madvise(reinterpret_cast<void*>(aligned), begin + out_->capacity() - aligned, MADV_HUGEPAGE);
  }

  std::string* out_;
  std::size_t used_;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_EXPOSITION_TEXT_BUFFER_H_

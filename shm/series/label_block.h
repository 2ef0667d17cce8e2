#ifndef SHMETRICS_SHM_SERIES_LABEL_BLOCK_H_
#define SHMETRICS_SHM_SERIES_LABEL_BLOCK_H_

// Label block: a label set as the exposition prints it, without braces: method="GET",code="200". It is made
// once, at registration. The segment keeps it, and every scrape copies it. It is also the identity of a
// series, so there is no second copy of the values.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shm/result.h"

namespace shmetrics::shm {

/// One label, not escaped. The name points into the block that it was parsed from.
struct Label {
  std::string_view name;
  std::string value;
};

/// kInvalidLabels unless there is one value for each name, all values are UTF-8, and the block stays within
/// its limit.
Result<void> CheckLabelValues(std::span<const std::string_view> names,
                              std::span<const std::string_view> values);

bool IsValidUtf8(std::string_view text);

/// Makes the block: names[i]="values[i]". Backslash, double quote and newline of a value are escaped as text
/// 0.0.4 and OpenMetrics demand. CheckLabelValues must have accepted the values.
std::string MakeLabelBlock(std::span<const std::string_view> names, std::span<const std::string_view> values);

/// The same, written to the caller's memory: LabelBlockBytes() of it. Allocates nothing.
void WriteLabelBlock(std::span<const std::string_view> names, std::span<const std::string_view> values,
                     char* out);

/// The length of that block. Allocates nothing.
std::size_t LabelBlockBytes(std::span<const std::string_view> names,
                            std::span<const std::string_view> values);

/// True if `block` is the block that MakeLabelBlock would make. Allocates nothing: it is on the look-up path.
bool LabelBlockEquals(std::string_view block, std::span<const std::string_view> names,
                      std::span<const std::string_view> values);

/// True if two texts of the same length are equal. For short texts, a call of memcmp() costs more than the
/// comparison. So for texts of at most 16 bytes, two words are compared: the first bytes and the last bytes,
/// which may overlap.
inline bool AreSameBytes(const char* a, const char* b, std::size_t bytes) {
  const auto differ = [=]<class Word>(Word in_a, std::size_t at) {
    Word in_b;
    std::memcpy(&in_a, a + at, sizeof(Word));
    std::memcpy(&in_b, b + at, sizeof(Word));
    return in_a ^ in_b;
  };
  if (bytes > 16) return std::memcmp(a, b, bytes) == 0;
  if (bytes >= 8) return (differ(std::uint64_t{}, 0) | differ(std::uint64_t{}, bytes - 8)) == 0;
  if (bytes >= 4) return (differ(std::uint32_t{}, 0) | differ(std::uint32_t{}, bytes - 4)) == 0;
  if (bytes == 0) return true;
  return a[0] == b[0] && a[bytes / 2] == b[bytes / 2] && a[bytes - 1] == b[bytes - 1];
}

/// LabelBlockEquals for the blocks that a look-up nearly always meets: made of these `names`, and of values
/// with no character to escape. It compares the values and their quotes, but not the names. Such a block has
/// exactly two quotes for each label. So if each value has a quote on both sides, these are its own quotes.
/// If fewer quotes were compared, a value with quotes in it could pass for the values of another series.
inline bool PlainBlockHasValues(std::string_view block, std::span<const std::string_view> names,
                                std::span<const std::string_view> values) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < names.size(); i++) {
    at += names[i].size() + (i == 0 ? sizeof "=\"" : sizeof ",=\"") - 1;
    const std::size_t bytes = values[i].size();
    if (at + bytes >= block.size() || block[at - 1] != '"' || block[at + bytes] != '"') return false;
    if (!AreSameBytes(block.data() + at, values[i].data(), bytes)) return false;
    at += bytes + 1;
  }
  return at == block.size();
}

/// The labels of a block, with unescaped values. Empty if the block is not well-formed or not UTF-8. Readers
/// must expect that: blocks come from the segment.
std::vector<Label> ParseLabelBlock(std::string_view block);

/// True if `block` has exactly the labels `names`, in that order, with well-formed values of valid UTF-8.
bool IsLabelBlockOf(std::string_view block, std::span<const std::string_view> names);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SERIES_LABEL_BLOCK_H_

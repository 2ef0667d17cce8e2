#ifndef SHMETRICS_SHM_SERIES_LABEL_BLOCK_H_
#define SHMETRICS_SHM_SERIES_LABEL_BLOCK_H_

// Label block: a label set as the exposition prints it, without braces: method="GET",code="200". Made once,
// at registration, kept in the segment and copied by every scrape. It is also the identity of a series, so
// there is no second copy of the values.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shm/result.h"

namespace shmetrics::shm {

/// One label as it was before escaping. The name points into the block it was parsed from.
struct Label {
  std::string_view name;
  std::string value;
};

/// kInvalidLabels unless there is one value for each name, all are UTF-8, and the block stays within its
/// limit.
Result<void> CheckLabelValues(std::span<const std::string_view> names,
                              std::span<const std::string_view> values);

bool IsValidUtf8(std::string_view text);

/// The block of names[i]="values[i]"; backslash, double quote and newline of a value escaped as text 0.0.4 and OpenMetrics
/// want them. The caller has checked that both have one size and that the values are UTF-8.
std::string MakeLabelBlock(std::span<const std::string_view> names, std::span<const std::string_view> values);

/// The same into memory of the caller's: LabelBlockBytes() of it. Allocates nothing.
void WriteLabelBlock(std::span<const std::string_view> names, std::span<const std::string_view> values,
                     char* out);

/// How long that block would be. Allocates nothing.
std::size_t LabelBlockBytes(std::span<const std::string_view> names,
                            std::span<const std::string_view> values);

/// Whether `block` is what MakeLabelBlock would make. Allocates nothing: it is on the look-up path.
bool LabelBlockEquals(std::string_view block, std::span<const std::string_view> names,
                      std::span<const std::string_view> values);

/// Whether two texts of one length are the same. As memcmp(), whose call costs more than such a comparison: of what is no longer
/// than 16 bytes, the first and the last ones are compared, which overlap.
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

/// Whether a block that was made of `names`, and of values without a character to escape, has `values`. What LabelBlockEquals
/// is for all blocks, this is for those that a look-up nearly always meets. It does not compare the names, only the quotes:
/// such a block has two for each label, so where each label finds two more, these are its own. With fewer compared, a value
/// with quotes in it could pass for the values of another series.
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

/// The labels of a block, values unescaped. Empty if it is not a well-formed block of valid UTF-8, which a
/// reader must expect: blocks come from the segment.
std::vector<Label> ParseLabelBlock(std::string_view block);

/// Whether `block` has exactly the labels `names`, in that order, with well-formed values of valid UTF-8.
bool IsLabelBlockOf(std::string_view block, std::span<const std::string_view> names);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SERIES_LABEL_BLOCK_H_

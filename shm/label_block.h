#ifndef SHMETRICS_SHM_LABEL_BLOCK_H_
#define SHMETRICS_SHM_LABEL_BLOCK_H_

// Label block: a label set as the exposition prints it, without braces: method="GET",code="200". Made once,
// at registration, kept in the segment and copied by every scrape. It is also the identity of a series, so
// there is no second copy of the values.

#include <cstddef>
#include <cstdint>
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

/// The labels of a block, values unescaped. Empty if it is not a well-formed block of valid UTF-8, which a
/// reader must expect: blocks come from the segment.
std::vector<Label> ParseLabelBlock(std::string_view block);

/// Whether `block` has exactly the labels `names`, in that order, with well-formed values of valid UTF-8.
bool IsLabelBlockOf(std::string_view block, std::span<const std::string_view> names);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LABEL_BLOCK_H_

#ifndef SHMETRICS_FAMILY_H_
#define SHMETRICS_FAMILY_H_

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shmetrics/export.h"
#include "shmetrics/result.h"

namespace shmetrics {

/// What a metric family is called and which labels its series have. The texts are copied.
struct FamilyOptions {
  /// [a-zA-Z_:][a-zA-Z0-9_:]*, at most 255 bytes; not beginning with "__" or "shmetrics_". A counter whose
  /// name does not end in _total gets that ending. Must not make the family expose a name of another: a
  /// histogram foo takes foo_bucket, foo_sum and foo_count, a counter foo_total takes foo.
  std::string_view name;
  /// One sentence for people; UTF-8, at most 4,096 bytes. That of the first registration on the host is
  /// shown.
  std::string_view help = {};
  /// Base unit, for example "seconds" or "bytes". That of the first registration is shown.
  std::string_view unit = {};
  /// [a-zA-Z_][a-zA-Z0-9_]*, each once, at most 32. Reserved: "__...", "otel_metric_overflow", "le" on a
  /// histogram, "worker" on a gauge of mode per_worker.
  std::vector<std::string_view> labels = {};
};

namespace internal {
class FamilyBinding;
struct FamilyAccess;  // for the C interface, whose handle is the binding
}  // namespace internal

/// What all metric families have in common. A value to copy and keep; copies mean the same family. All
/// functions are thread-safe, and safe in a forked child. A family that was refused still gives out working
/// handles; they count in private memory, and error() says why.
///
/// A label set beyond a limit (of the family, the segment or its memory), of the wrong size, with invalid
/// UTF-8 or longer than 4,096 bytes is refused: counters and histograms then count in the family's overflow
/// series (label otel_metric_overflow="true"), so that totals stay true; gauges count in private memory,
/// because values must not be merged. Each is counted in the segment and shown by the agent.
class SHMETRICS_EXPORT Family {
 public:
  /// Whether the family is registered in a segment now.
  bool ok() const noexcept;
  /// Why not, in one line; empty if it is.
  std::string error() const;

  /// Hides the series of these label values until somebody takes it again by with(); its value stays, and
  /// handles go on counting. False if there is none, or it is hidden already.
  bool remove(std::initializer_list<std::string_view> values) const noexcept;
  bool remove(std::span<const std::string_view> values) const noexcept;

 protected:
  explicit Family(internal::FamilyBinding* binding) : binding_(binding) {}

  friend struct internal::FamilyAccess;

  internal::FamilyBinding* binding_;  ///< never freed: handles must outlive everything
};

}  // namespace shmetrics

#endif  // SHMETRICS_FAMILY_H_

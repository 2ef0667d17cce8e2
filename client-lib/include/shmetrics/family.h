#ifndef SHMETRICS_FAMILY_H_
#define SHMETRICS_FAMILY_H_

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shmetrics/cxx_export.h"
#include "shmetrics/result.h"

namespace shmetrics {

/// The name of a metric family and the labels of its series. The texts are copied.
struct FamilyOptions {
  /// [a-zA-Z_:][a-zA-Z0-9_:]*, at most 255 bytes; must not begin with "__" or "shmetrics_". A counter gets
  /// the ending _total if its name lacks it. No two families may expose the same name: a histogram foo takes
  /// foo_bucket, foo_sum and foo_count, a counter foo_total takes foo.
  std::string_view name;
  /// One sentence for people; UTF-8, at most 4,096 bytes. The text of the first registration on the host is
  /// shown.
  std::string_view help = {};
  /// Base unit, for example "seconds" or "bytes". The unit of the first registration is shown.
  std::string_view unit = {};
  /// [a-zA-Z_][a-zA-Z0-9_]*, each once, at most 32. Reserved: "__...", "otel_metric_overflow", "le" on a
  /// histogram, "worker" on a gauge of mode per_worker.
  std::vector<std::string_view> labels = {};
};

namespace internal {
class FamilyBinding;
struct FamilyAccess;  // for this library
}  // namespace internal

class SHMETRICS_CXX_EXPORT Registry;

/// The common part of all metric families. A value: copy it and keep it; copies mean the same family. All
/// functions are thread-safe, and safe in a forked child. A family that was refused still gives out working
/// handles; they count in private memory, and error() says why.
///
/// A label set is refused if it is beyond a limit (of the family, the segment or its memory), has the wrong
/// size, is not valid UTF-8 or is longer than 4,096 bytes. Counters and histograms then count in the family's
/// overflow series (label otel_metric_overflow="true"), so that totals stay true. Gauges count in private
/// memory, because values of different series must not be merged. The segment counts each refusal, and the
/// agent shows the count.
class SHMETRICS_CXX_EXPORT Family {
 public:
  /// True if the family is registered in a segment now.
  bool ok() const noexcept;
  /// Why the family is not registered, in one line; empty if it is.
  std::string error() const noexcept;

  /// Hides the series with these label values until someone asks for it again with with(). Its value stays,
  /// and handles go on counting. False if the series does not exist or is already hidden.
  bool remove(std::initializer_list<std::string_view> values) const noexcept;
  bool remove(std::span<const std::string_view> values) const noexcept;

 protected:
  explicit Family(internal::FamilyBinding* binding) : binding_(binding) {}

  friend struct internal::FamilyAccess;

  internal::FamilyBinding* binding_;  ///< never freed: handles must outlive everything
};

}  // namespace shmetrics

#endif  // SHMETRICS_FAMILY_H_

#ifndef SHMETRICS_SHM_SERIES_FAMILY_H_
#define SHMETRICS_SHM_SERIES_FAMILY_H_

// What a metric family is, before it has a place in a segment: its definition, which names are allowed, and
// which sample names it exposes. Pure functions of text; knows no shared byte.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shm/layout/layout.h"
#include "shm/result.h"

namespace shmetrics::shm {

/// Label of the series that takes what the limits refuse; the name OpenTelemetry gives it.
inline constexpr std::string_view kOverflowLabelBlock = "otel_metric_overflow=\"true\"";
/// Label that tells the workers of a per_worker gauge apart.
inline constexpr std::string_view kWorkerLabel = "worker";
/// Names the agent keeps for its own metrics.
inline constexpr std::string_view kReservedPrefix = "shmetrics_";

/// A family as a worker asks for it. Owns its texts, so that it can be asked for again in another segment.
struct FamilyDefinition {
  std::string name;  ///< as exposed: a counter's ends in _total, an info's in _info
  std::string help;
  std::string unit;
  layout::MetricType type;
  layout::GaugeMode gauge_mode = layout::GaugeMode::kNone;
  std::vector<std::string> label_names;
  std::vector<double> bounds;
};

/// The name a counter is exposed under: `name` itself if it ends in _total, else with _total behind it, as
/// OpenMetrics demands and the Python and Java clients do.
std::string CounterName(std::string_view name);
/// The same of an info, with _info.
std::string InfoName(std::string_view name);

/// kInvalidName for a bad or reserved metric or label name, kInvalidBuckets for bad bounds; the message says
/// which.
Result<void> CheckDefinition(const FamilyDefinition& definition);

bool IsMetricName(std::string_view name);
bool IsLabelName(std::string_view name);

/// The names a family's samples and metadata take in text or OpenMetrics: a histogram foo also foo_bucket,
/// foo_sum and foo_count; a counter foo_total and an info foo_info also foo.
std::vector<std::string> SampleNames(std::string_view name, layout::MetricType type, layout::GaugeMode mode);

/// The names of all families that could possibly expose one of these sample names.
std::vector<std::string> PossibleColliders(const FamilyDefinition& definition);

/// Whether two families of different names expose a sample name in common.
bool Collide(const FamilyDefinition& one, const FamilyDefinition& other);

bool IsCounter(layout::MetricType type);

/// "counter", "gauge", "histogram"
std::string_view TypeName(layout::MetricType type);
/// "sum", "min", "max", "most_recent", "per_worker", "last", "leases", "info"; "none" for what is not a gauge
std::string_view GaugeModeName(layout::GaugeMode mode);

/// What a refusal says of a family: "gauge of mode sum {queue}"
std::string Describe(const FamilyDefinition& definition);

/// Whether both mean the same family; help and unit may differ.
bool SameDefinition(const FamilyDefinition& a, const FamilyDefinition& b);

/// Bytes of cells one series has in each stripe; 0 for gauges.
std::uint64_t CellBytesOf(const FamilyDefinition& definition);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SERIES_FAMILY_H_

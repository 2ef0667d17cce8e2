#ifndef SHMETRICS_SHM_SERIES_FAMILY_H_
#define SHMETRICS_SHM_SERIES_FAMILY_H_

// A metric family before it has a place in a segment: its definition, which names are allowed, and which
// sample names it exposes. These are pure functions of text. They know no shared byte.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shm/layout/enumerations.h"
#include "shm/result.h"

namespace shmetrics::shm {

/// Label of the overflow series, which counts for refused label sets. OpenTelemetry uses the same name.
inline constexpr std::string_view kOverflowLabelBlock = "otel_metric_overflow=\"true\"";
/// The label that tells the workers of a per_worker gauge apart.
inline constexpr std::string_view kWorkerLabel = "worker";
/// Names that begin like this are the agent's own metrics.
inline constexpr std::string_view kReservedPrefix = "shmetrics_";

/// A family as a worker asks for it. It owns its texts, so that a worker can ask again in another segment.
struct FamilyDefinition {
  /// As it is exposed: the name of a counter ends in _total, that of an info in _info.
  std::string name;
  std::string help;
  std::string unit;
  layout::MetricType type;
  layout::GaugeMode gauge_mode = layout::GaugeMode::kNone;
  std::vector<std::string> label_names;
  std::vector<double> bounds;
};

/// The name that a counter is exposed under: `name`, with _total added if it does not end so. OpenMetrics
/// demands this, and the Python and Java clients do it too.
std::string CounterName(std::string_view name);
/// The same for an info, with _info.
std::string InfoName(std::string_view name);

/// kInvalidName for a bad or reserved metric or label name, kInvalidBuckets for bad bounds. The message says
/// what is wrong.
Result<void> CheckDefinition(const FamilyDefinition& definition);

bool IsMetricName(std::string_view name);
bool IsLabelName(std::string_view name);

/// The names that a family's samples and metadata have in text or OpenMetrics. A histogram foo also has
/// foo_bucket, foo_sum and foo_count; a counter foo_total and an info foo_info also have foo.
std::vector<std::string> SampleNames(std::string_view name, layout::MetricType type, layout::GaugeMode mode);

/// The names of all families that could expose one of the sample names of this family.
std::vector<std::string> PossibleColliders(const FamilyDefinition& definition);

/// True if two families of different names expose a common sample name.
bool Collide(const FamilyDefinition& one, const FamilyDefinition& other);

bool IsCounter(layout::MetricType type);

/// "counter", "gauge", "histogram"
std::string_view TypeName(layout::MetricType type);
/// "sum", "min", "max", "most_recent", "per_worker", "last", "leases", "info"; "none" for other metric types
std::string_view GaugeModeName(layout::GaugeMode mode);

/// Describes a family in the message of a refusal: "gauge of mode sum {queue}"
std::string Describe(const FamilyDefinition& definition);

/// True if both mean the same family. Name, help and unit are not compared.
bool SameDefinition(const FamilyDefinition& a, const FamilyDefinition& b);

/// Bytes of cells that one series has in each stripe; 0 for gauges.
std::uint64_t CellBytesOf(const FamilyDefinition& definition);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SERIES_FAMILY_H_

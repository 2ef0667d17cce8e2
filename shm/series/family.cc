#include "shm/series/family.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "shm/layout/layout.h"
#include "shm/series/label_block.h"

namespace shmetrics::shm {
namespace {

using layout::MetricType;

constexpr std::string_view kTotal = "_total";
constexpr std::string_view kInfo = "_info";
constexpr std::string_view kHistogramSuffixes[] = {"_bucket", "_sum", "_count"};

/// A sample of one of these names would mix with others in Prometheus, and rules and alerts on those would be
/// about a worker.
struct ReservedName {
  std::string_view name;
  bool is_prefix;
  std::string_view why;
};
constexpr ReservedName kReservedNames[] = {
    {"__", true, "names beginning with __ are reserved by Prometheus"},
    {kReservedPrefix, true, "names beginning with shmetrics_ are those of the agent"},
    {"up", false, "Prometheus writes up itself, to say whether the scrape succeeded"},
    {"scrape_", true, "Prometheus writes names beginning with scrape_ itself, about each scrape"},
    {"ALERTS", false, "Prometheus writes ALERTS itself, for its alerts"},
    {"ALERTS_FOR_STATE", false, "Prometheus writes ALERTS_FOR_STATE itself, for its alerts"},
};
/// What the agent says of its own process (process_metrics.cc).
constexpr std::string_view kAgentProcessNames[] = {"process_cpu_seconds_total",
                                                   "process_open_fds",
                                                   "process_max_fds",
                                                   "process_virtual_memory_bytes",
                                                   "process_virtual_memory_max_bytes",
                                                   "process_resident_memory_bytes",
                                                   "process_start_time_seconds",
                                                   "process_threads"};

/// Why the name is another's; empty if it is not.
std::string_view WhyReserved(std::string_view name) {
  for (const ReservedName& reserved : kReservedNames) {
    if (reserved.is_prefix ? name.starts_with(reserved.name) : name == reserved.name) return reserved.why;
  }
  return std::ranges::find(kAgentProcessNames, name) == std::end(kAgentProcessNames)
             ? std::string_view{}
             : "the agent says this of its own process";
}

bool IsLetterOrUnderscore(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// The suffix that OpenMetrics adds to the family's name for its only sample; "" if it adds none.
std::string_view SuffixOf(MetricType type, layout::GaugeMode mode) {
  if (IsCounter(type)) return kTotal;
  return mode == layout::GaugeMode::kInfo ? kInfo : std::string_view{};
}

std::string WithSuffix(std::string_view name, std::string_view suffix) {
  return name.ends_with(suffix) ? std::string(name) : std::string(name).append(suffix);
}

Error Invalid(ErrorCode code, const FamilyDefinition& definition, const std::string& why) {
  return Error{code, "metric family \"" + definition.name + "\" refused: " + why};
}

Result<void> CheckName(const FamilyDefinition& definition) {
  const std::string& name = definition.name;
  if (!IsMetricName(name)) {
    return Invalid(
        ErrorCode::kInvalidName, definition,
        "a metric name has 1 to 255 letters, digits, underscores or colons and begins with no digit");
  }
  if (const std::string_view suffix = SuffixOf(definition.type, definition.gauge_mode); name == suffix) {
    return Invalid(ErrorCode::kInvalidName, definition, "it needs a name in front of " + std::string(suffix));
  }
  if (definition.gauge_mode == layout::GaugeMode::kInfo &&
      (!name.ends_with(kInfo) || !definition.unit.empty())) {
    return Invalid(ErrorCode::kInvalidName, definition,
                   "the name of an info ends in _info, and it has no unit");
  }
  if (const std::string_view why = WhyReserved(name); !why.empty())
    return Invalid(ErrorCode::kInvalidName, definition, std::string(why) + "; choose another name");
  if (!IsValidUtf8(definition.help) || definition.help.size() > layout::kMaxHelpBytes) {
    return Invalid(ErrorCode::kInvalidName, definition, "its help text is not UTF-8 of at most 4096 bytes");
  }
  if (!definition.unit.empty() && !IsMetricName(definition.unit)) {
    return Invalid(ErrorCode::kInvalidName, definition, "its unit \"" + definition.unit + "\" is not a name");
  }
  return {};
}

Result<void> CheckLabelNames(const FamilyDefinition& definition) {
  const std::vector<std::string>& names = definition.label_names;
  if (names.size() > layout::kMaxLabels) {
    return Invalid(ErrorCode::kInvalidName, definition, "it has more than 32 labels");
  }
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (!IsLabelName(*name)) {
      return Invalid(ErrorCode::kInvalidName, definition,
                     "label name \"" + *name +
                         "\" is not 1 to 255 letters, digits or underscores, beginning with no digit");
    }
    const bool reserved = name->starts_with("__") || *name == "otel_metric_overflow" ||
                          (definition.type == MetricType::kHistogram && *name == "le") ||
                          (definition.gauge_mode == layout::GaugeMode::kPerWorker && *name == kWorkerLabel);
    if (reserved)
      return Invalid(ErrorCode::kInvalidName, definition, "label name \"" + *name + "\" is reserved");
    if (std::find(names.begin(), name, *name) != name) {
      return Invalid(ErrorCode::kInvalidName, definition, "label name \"" + *name + "\" stands in it twice");
    }
  }
  return {};
}

Result<void> CheckBounds(const FamilyDefinition& definition) {
  const std::vector<double>& bounds = definition.bounds;
  if (bounds.empty() || bounds.size() > layout::kMaxBounds) {
    return Invalid(ErrorCode::kInvalidBuckets, definition,
                   "it has " + std::to_string(bounds.size()) + " bucket bounds; it needs 1 to " +
                       std::to_string(layout::kMaxBounds));
  }
  for (std::size_t i = 0; i < bounds.size(); i++) {
    if (!std::isfinite(bounds[i]) || (i > 0 && bounds[i] <= bounds[i - 1])) {
      return Invalid(ErrorCode::kInvalidBuckets, definition,
                     "bucket bound " + std::to_string(i) + " is not finite or not above the one before it");
    }
  }
  return {};
}

}  // namespace

std::string CounterName(std::string_view name) { return WithSuffix(name, kTotal); }
std::string InfoName(std::string_view name) { return WithSuffix(name, kInfo); }

Result<void> CheckDefinition(const FamilyDefinition& definition) {
  if (Result<void> checked = CheckName(definition); !checked.ok()) return checked;
  if (Result<void> checked = CheckLabelNames(definition); !checked.ok()) return checked;
  return definition.type == MetricType::kHistogram ? CheckBounds(definition) : Result<void>();
}

bool IsMetricName(std::string_view name) {
  return !name.empty() && name.size() <= layout::kMaxNameBytes && !IsDigit(name[0]) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return IsLetterOrUnderscore(c) || IsDigit(c) || c == ':'; });
}

bool IsLabelName(std::string_view name) {
  return IsMetricName(name) && name.find(':') == std::string_view::npos;
}

std::vector<std::string> SampleNames(std::string_view name, MetricType type, layout::GaugeMode mode) {
  std::vector<std::string> names{std::string(name)};
  if (const std::string_view suffix = SuffixOf(type, mode); !suffix.empty() && name.ends_with(suffix))
    names.emplace_back(name.substr(0, name.size() - suffix.size()));
  if (type == MetricType::kHistogram) {
    for (const std::string_view suffix : kHistogramSuffixes)
      names.push_back(std::string(name).append(suffix));
  }
  return names;
}

std::vector<std::string> PossibleColliders(const FamilyDefinition& definition) {
  std::vector<std::string> colliders;
  for (const std::string& sample : SampleNames(definition.name, definition.type, definition.gauge_mode)) {
    colliders.push_back(sample);
    for (const std::string_view suffix : {kTotal, kInfo})
      colliders.push_back(std::string(sample).append(suffix));
    for (const std::string_view suffix : kHistogramSuffixes) {
      if (sample.ends_with(suffix)) colliders.push_back(sample.substr(0, sample.size() - suffix.size()));
    }
  }
  std::erase(colliders, definition.name);
  return colliders;
}

bool Collide(const FamilyDefinition& one, const FamilyDefinition& other) {
  const std::vector<std::string> names = SampleNames(one.name, one.type, one.gauge_mode);
  const std::vector<std::string> others = SampleNames(other.name, other.type, other.gauge_mode);
  return one.name != other.name &&
         std::find_first_of(names.begin(), names.end(), others.begin(), others.end()) != names.end();
}

bool IsCounter(MetricType type) {
  return type == MetricType::kCounter || type == MetricType::kFractionalCounter;
}

std::string_view TypeName(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
    case MetricType::kFractionalCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
  }
  return "unknown";
}

std::string_view GaugeModeName(layout::GaugeMode mode) {
  switch (mode) {
    case layout::GaugeMode::kNone:
      return "none";
    case layout::GaugeMode::kSum:
      return "sum";
    case layout::GaugeMode::kMin:
      return "min";
    case layout::GaugeMode::kMax:
      return "max";
    case layout::GaugeMode::kMostRecent:
      return "most_recent";
    case layout::GaugeMode::kPerWorker:
      return "per_worker";
    case layout::GaugeMode::kLast:
      return "last";
    case layout::GaugeMode::kLeases:
      return "leases";
    case layout::GaugeMode::kInfo:
      return "info";
  }
  return "unknown";
}

std::string Describe(const FamilyDefinition& definition) {
  std::string text(TypeName(definition.type));
  if (definition.type == MetricType::kFractionalCounter) text += " of fractions";
  if (definition.type == MetricType::kGauge)
    text.append(" of mode ").append(GaugeModeName(definition.gauge_mode));
  text += " {";
  for (const std::string& name : definition.label_names)
    text.append(text.ends_with('{') ? "" : ",").append(name);
  text += "}";
  if (!definition.bounds.empty()) {
    text += " with " + std::to_string(definition.bounds.size()) + " bounds from " +
            std::to_string(definition.bounds.front()) + " to " + std::to_string(definition.bounds.back());
  }
  return text;
}

bool SameDefinition(const FamilyDefinition& a, const FamilyDefinition& b) {
  return a.type == b.type && a.gauge_mode == b.gauge_mode && a.label_names == b.label_names &&
         a.bounds == b.bounds;
}

std::uint64_t CellBytesOf(const FamilyDefinition& definition) {
  switch (definition.type) {
    case MetricType::kCounter:
    case MetricType::kFractionalCounter:
      return sizeof(std::uint64_t);
    case MetricType::kHistogram:
      return (definition.bounds.size() + 1) * sizeof(HistogramCell);
    case MetricType::kGauge:
      return 0;
  }
  return 0;
}

}  // namespace shmetrics::shm

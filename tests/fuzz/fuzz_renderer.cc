// Every format and scheme, with any two snapshots that a SnapshotReader could return.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/exposition/exposition.h"
#include "shm/series/family.h"
#include "shm/series/label_block.h"
#include "shm/snapshot/snapshot.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/require.h"
#include "tests/support/exposition_parser.h"
#include "tests/support/snapshot_builder.h"

namespace shmetrics::fuzz {
namespace {

using shm::Escaping;
using shm::Format;
using shm::layout::GaugeMode;
using shm::layout::MetricType;
using testing::ParsedExposition;
using testing::SnapshotBuilder;

/// Names that collide in all possible ways.
constexpr std::array<std::string_view, 24> kNames = {"a",
                                                     "a_bucket",
                                                     "a_count",
                                                     "a_created",
                                                     "a_info",
                                                     "a_sum",
                                                     "a_total",
                                                     "_total",
                                                     "_info",
                                                     "a:b",
                                                     "audio_dot_jobs_dot_active",
                                                     "audio_dot_quota__violations__total",
                                                     "audio_jobs_active",
                                                     "audio_quota_violations",
                                                     "audio_quota_violations_total",
                                                     "audio_streaming_active",
                                                     "U__audio_2e_jobs_2e_active",
                                                     "U__audio_2e_streaming_2e_active_count",
                                                     "latency_seconds",
                                                     "latency_seconds_total",
                                                     "process_cpu_seconds_total",
                                                     "z",
                                                     "z_info",
                                                     "z_total"};
constexpr std::array<std::string_view, 6> kUnits = {"", "seconds", "total", "a", "info", "active"};

constexpr std::array<std::string_view, 4> kLabelNames = {"a", "user_id", "type", "_x"};

std::string Labels(std::size_t count, ByteSource* bytes) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; i++) texts.push_back(bytes->Text());
  const std::vector<std::string_view> values(texts.begin(), texts.end());
  return shm::MakeLabelBlock({kLabelNames.data(), count}, values);
}

void AddExemplars(std::size_t buckets, ByteSource* bytes, SnapshotBuilder* builder) {
  for (std::uint32_t bucket = 0; bucket < buckets; bucket++) {
    if (bytes->Below(2) == 0) continue;
    const std::string labels = Labels(bytes->Below(3), bytes);
    const auto value = bytes->Value<double>();
    builder->Exemplar(bucket, labels, value, bytes->Value<std::int64_t>());
  }
}

void AddSeries(MetricType type, GaugeMode mode, std::size_t bounds, const std::string& labels,
               ByteSource* bytes, SnapshotBuilder* builder) {
  if (type == MetricType::kCounter) {
    builder->Counter(labels, bytes->Value<std::uint64_t>());
  } else if (type == MetricType::kHistogram) {
    std::vector<shm::BucketSnapshot> buckets;
    for (std::size_t i = 0; i <= bounds; i++) {
      buckets.push_back({bytes->Value<std::uint32_t>(), bytes->Value<double>()});
    }
    builder->Histogram(labels, buckets);
  } else {
    builder->Number(labels, bytes->Below(3) == 0 ? bytes->Value<double>() : 1,
                    mode == GaugeMode::kPerWorker ? bytes->Byte() : -1);
  }
  if (type != MetricType::kGauge) {
    AddExemplars(type == MetricType::kHistogram ? bounds + 1 : 1, bytes, builder);
    builder->snapshot.families.back().series.back().created_unix_ns = bytes->Value<std::int64_t>();
  }
}

/// A reader never returns two families with the same sample name, nor a label set twice.
void Fill(ByteSource* bytes, SnapshotBuilder* builder) {
  std::vector<shm::FamilyDefinition> families;
  for (std::size_t at = bytes->Below(4); at < kNames.size(); at += 1 + bytes->Below(8)) {
    shm::FamilyDefinition definition{};
    definition.name = kNames[at];
    definition.type = static_cast<MetricType>(1 + bytes->Below(4));
    if (definition.type == MetricType::kGauge) {
      definition.gauge_mode = static_cast<GaugeMode>(1 + bytes->Below(8));
    }
    if (std::ranges::none_of(families, [&](const auto& other) { return shm::Collide(definition, other); })) {
      families.push_back(definition);
    }
  }
  std::ranges::sort(families, {}, &shm::FamilyDefinition::name);
  for (const shm::FamilyDefinition& definition : families) {
    const MetricType type = definition.type;
    const GaugeMode mode = definition.gauge_mode;
    std::vector<double> bounds;
    while (type == MetricType::kHistogram && (bounds.empty() || bytes->Below(2) == 1)) {
      const double bound = bytes->Value<double>();
      if (std::isfinite(bound) && (bounds.empty() || bound > bounds.back())) bounds.push_back(bound);
      if (bytes->empty() && bounds.empty()) bounds.push_back(0);
    }
    builder->Family(definition.name, type, mode, bounds);
    const std::string help = bytes->Text();
    builder->snapshot.families.back().help = builder->Keep(help);
    builder->snapshot.families.back().unit = kUnits[bytes->Below(kUnits.size())];
    const std::size_t label_count = bytes->Below(kLabelNames.size() + 1);
    std::set<std::string> label_sets;
    for (std::size_t i = bytes->Below(4); i > 0; i--) {
      const std::string labels = Labels(label_count, bytes);
      if (label_sets.insert(labels).second) AddSeries(type, mode, bounds.size(), labels, bytes, builder);
    }
  }
}

std::set<std::string> SeriesOf(const ParsedExposition& parsed) {
  std::set<std::string> series;
  for (const auto& sample : parsed.samples) series.insert(testing::SeriesOf(sample));
  return series;
}

ParsedExposition Render(const std::array<const shm::Snapshot*, 2>& snapshots, shm::Exposition exposition,
                        bool with_created) {
  std::string text;
  agent::WriteExposition(snapshots, exposition, with_created, &text);
  const ParsedExposition parsed = testing::ParseExposition(text);
  Require(parsed.complaints.empty(),
          parsed.complaints.empty() ? "" : parsed.complaints.front() + "\n" + text);
  const bool is_openmetrics =
      exposition.format == Format::kOpenMetrics001 || exposition.format == Format::kOpenMetrics100;
  Require(text.ends_with("# EOF\n") == is_openmetrics, "the end of\n" + text);
  for (const auto& sample : parsed.samples) {
    Require(sample.exemplar.empty() || is_openmetrics, "an exemplar that ends the scrape:\n" + text);
  }
  return parsed;
}

}  // namespace
}  // namespace shmetrics::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace shmetrics;
  fuzz::ByteSource bytes({data, size});
  testing::SnapshotBuilder workers;
  testing::SnapshotBuilder own;
  fuzz::Fill(&bytes, &workers);
  fuzz::Fill(&bytes, &own);
  const std::array<const shm::Snapshot*, 2> snapshots = {&workers.snapshot, &own.snapshot};
  for (const auto escaping : {shm::Escaping::kUnderscores, shm::Escaping::kDots, shm::Escaping::kValues,
                              shm::Escaping::kAllowUtf8}) {
    const auto text = fuzz::SeriesOf(fuzz::Render(snapshots, {shm::Format::kText100, escaping}, false));
    const auto open =
        fuzz::SeriesOf(fuzz::Render(snapshots, {shm::Format::kOpenMetrics100, escaping}, false));
    fuzz::Require(text == open, "one format has less than the other");
    fuzz::Render(snapshots, {shm::Format::kOpenMetrics100, escaping}, true);
  }
  return 0;
}

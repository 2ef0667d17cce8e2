#include "agent/own_metrics/metric_builder.h"

#include <vector>

#include "shm/series/label_block.h"

namespace shmetrics::agent {
namespace {

using shm::FamilySnapshot;
using shm::layout::GaugeMode;
using shm::layout::MetricType;

constexpr std::string_view kTotal = "_total";

std::string_view UnitOf(std::string_view name) {
  if (name.ends_with(kTotal)) name.remove_suffix(kTotal.size());
  for (const std::string_view unit : {"seconds", "bytes"}) {
    if (name.ends_with(unit)) return unit;
  }
  return {};
}

}  // namespace

void MetricBuilder::Family(std::string_view name, std::string_view help, MetricType type, GaugeMode mode,
                           std::span<const double> bounds) {
  FamilySnapshot family{};
  family.name = name;
  family.help = help;
  family.unit = UnitOf(name);
  family.type = type;
  family.gauge_mode = mode;
  family.bounds = bounds;
  snapshot_.families.push_back(std::move(family));
}

void MetricBuilder::Integer(std::uint64_t value, Labels labels) { AddSeries(labels).integer = value; }

void MetricBuilder::Number(double value, Labels labels) { AddSeries(labels).number = value; }

void MetricBuilder::Histogram(std::span<const shm::BucketSnapshot> buckets, Labels labels) {
  AddSeries(labels).first_bucket = static_cast<std::uint32_t>(snapshot_.buckets.size());
  snapshot_.buckets.insert(snapshot_.buckets.end(), buckets.begin(), buckets.end());
}

void MetricBuilder::Counter(std::string_view name, std::string_view help, std::uint64_t value) {
  CounterFamily(name, help);
  Integer(value);
}

void MetricBuilder::CounterFamily(std::string_view name, std::string_view help) {
  Family(name, help, MetricType::kCounter);
}

void MetricBuilder::Gauge(std::string_view name, std::string_view help, double value) {
  GaugeFamily(name, help);
  Number(value);
}

void MetricBuilder::GaugeFamily(std::string_view name, std::string_view help) {
  Family(name, help, MetricType::kGauge, GaugeMode::kSum);
}

void MetricBuilder::Info(std::string_view name, std::string_view help, Labels labels) {
  Family(name, help, MetricType::kGauge, GaugeMode::kInfo);
  Number(1, labels);
}

shm::SeriesSnapshot& MetricBuilder::AddSeries(Labels labels) {
  FamilySnapshot& family = snapshot_.families.back();
  std::string& text = texts_.emplace_back(family.name);
  if (labels.size() > 0) {
    std::vector<std::string_view> names;
    std::vector<std::string_view> values;
    for (const auto& [name, value] : labels) {
      names.push_back(name);
      values.push_back(value);
    }
    text += '{' + shm::MakeLabelBlock(names, values) + '}';
  }
  shm::SeriesSnapshot series{};
  series.name_and_labels = text;
  series.name_bytes = static_cast<std::uint32_t>(family.name.size());
  series.worker = -1;
  return family.series.emplace_back(series);
}

}  // namespace shmetrics::agent

#include "tests/support/bare_worker.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>

#include "shm/base/fork_guard.h"
#include "shm/cells.h"
#include "shm/series/exemplars.h"
#include "shm/workers/gauges.h"

namespace shmetrics::testing {
namespace {

using shm::layout::GaugeMode;
using shm::layout::MetricType;

template <class T>
T ValueOrThrow(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().message);
  return std::move(result.value());
}

}  // namespace

shm::SegmentOptions SmallSegment() {
  return {.bytes = 4U << 20U,
          .series_limit = 1'000,
          .family_series_limit = 100,
          .slot_count = 16,
          .max_cpu_stripes = 2,
          .lease_limit = 4'096,
          .ledger_limit = 4'096};
}

shm::FamilyDefinition CounterNamed(const std::string& name, std::vector<std::string> labels) {
  return {name, "Help.", "", MetricType::kCounter, GaugeMode::kNone, std::move(labels), {}};
}

shm::FamilyDefinition FractionalCounterNamed(const std::string& name, std::vector<std::string> labels) {
  return {name, "Help.", "", MetricType::kFractionalCounter, GaugeMode::kNone, std::move(labels), {}};
}

shm::FamilyDefinition GaugeNamed(const std::string& name, GaugeMode mode, std::vector<std::string> labels) {
  return {name, "Help.", "", MetricType::kGauge, mode, std::move(labels), {}};
}

shm::FamilyDefinition HistogramNamed(const std::string& name, std::vector<double> bounds,
                                     std::vector<std::string> labels) {
  return {name, "Help.", "", MetricType::kHistogram, GaugeMode::kNone, std::move(labels), std::move(bounds)};
}

BareWorker::BareWorker(const std::string& path, const shm::SegmentOptions& options)
    : segment_(ValueOrThrow(shm::Segment::AttachOrCreate(path, options))),
      arena_(*segment_),
      directory_(*segment_, arena_),
      slot_(*segment_, "bare worker") {}

Result<shm::RegisteredFamily> BareWorker::Register(const shm::FamilyDefinition& definition) {
  return directory_.RegisterFamily(definitions_.emplace_back(definition));
}

Result<shm::layout::SeriesRecord*> BareWorker::Register(const shm::FamilyDefinition& definition,
                                                        const LabelValues& values) {
  const Result<shm::RegisteredFamily> family = Register(definition);
  if (!family.ok()) return family.error();
  return directory_.RegisterSeries(family.value(), values);
}

void BareWorker::Count(const shm::FamilyDefinition& definition, const LabelValues& values, std::uint64_t n) {
  shm::AddToCounter(CellOf<std::uint64_t>(*ValueOrThrow(Register(definition, values))), n);
}

void BareWorker::Count(const shm::FamilyDefinition& definition, const LabelValues& values, double n) {
  shm::AddToFractionalCounter(CellOf<std::uint64_t>(*ValueOrThrow(Register(definition, values))), n);
}

void BareWorker::Observe(const shm::FamilyDefinition& definition, const LabelValues& values, double value) {
  auto* cells = CellOf<shm::HistogramCell>(*ValueOrThrow(Register(definition, values)));
  shm::ObserveInHistogram({cells, 0}, shm::BucketIndex(definition.bounds), value);
}

void BareWorker::Observe(const shm::FamilyDefinition& definition, const LabelValues& values, double value,
                         const LabelValues& names, const LabelValues& exemplar) {
  Observe(definition, values, value);
  const auto bounds = static_cast<std::uint32_t>(definition.bounds.size());
  shm::KeepExemplar(*segment_, arena_, ValueOrThrow(Register(definition, values)),
                    {shm::BucketOf(definition.bounds.data(), bounds, value), bounds + 1}, value, names,
                    exemplar);
}

void BareWorker::Count(const shm::FamilyDefinition& definition, const LabelValues& values, std::uint64_t n,
                       const LabelValues& names, const LabelValues& exemplar) {
  Count(definition, values, n);
  shm::KeepExemplar(*segment_, arena_, ValueOrThrow(Register(definition, values)), {0, 1},
                    static_cast<double>(n), names, exemplar);
}

void BareWorker::Set(const shm::FamilyDefinition& definition, const LabelValues& values, double value) {
  shm::SetGauge(ValueOrThrow(GaugeCellOf(definition, values)), value,
                shm::GaugeOrder(*segment_, definition.gauge_mode));
}

void BareWorker::Add(const shm::FamilyDefinition& definition, const LabelValues& values, double delta) {
  shm::AddToGauge(ValueOrThrow(GaugeCellOf(definition, values)), delta,
                  shm::GaugeOrder(*segment_, definition.gauge_mode));
}

Result<shm::layout::GaugeCell*> BareWorker::GaugeCellOf(const shm::FamilyDefinition& definition,
                                                        const LabelValues& values) {
  const Result<shm::layout::SeriesRecord*> series = Register(definition, values);
  if (!series.ok()) return series.error();
  if (definition.gauge_mode == GaugeMode::kLast) return CellOf<shm::layout::GaugeCell>(*series.value());
  const shm::ForkGuard::Lock lock;
  const Result<shm::layout::WorkerSlot*> slot = slot_.Hold();
  if (!slot.ok()) return slot.error();
  return row_.CellOf(slot.value(), segment_->RefOf(series.value()));
}

}  // namespace shmetrics::testing

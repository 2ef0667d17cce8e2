#include "tests/crash/metric_operations.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shm/cells.h"
#include "shm/series/exemplars.h"
#include "shm/series/key_hash.h"
#include "shm/snapshot/snapshot.h"
#include "shm/workers/gauges.h"

namespace shmetrics::testing {
namespace {

using shm::FamilyDefinition;
using shm::layout::GaugeMode;

constexpr const char* kNewValue = "new";
constexpr const char* kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Expects the series "new" of this family to exist if its registration was completed, and to count from now
/// on.
void CheckSeries(const FamilyDefinition& family, Lessee& witness, SegmentReading& reading, Runs runs) {
  const std::string series = family.name + "{n=\"" + kNewValue + "\"}";
  if (runs.completed > 0) {
    EXPECT_TRUE(reading.Shows(series));
  }
  EXPECT_EQ(reading.Counter(series), 0U);
  witness.worker().Count(family, {kNewValue}, std::uint64_t{1});
  EXPECT_EQ(reading.Again().Counter(series), 1U);
  const shm::FamilySnapshot* found = reading.Family(family.name);
  ASSERT_NE(found, nullptr);
  EXPECT_LE(found->registered_series, found->series.size() + runs.begun) << "a death leaks one at most";
}

/// Registers the series "new" of a family that has been registered before.
std::function<std::function<void()>(const std::string&)> RegisterNew(const FamilyDefinition& family) {
  return [&family](const std::string& path) {
    auto worker = AttachWorker(path);
    return [worker, registered = worker->Register(family).value()] {
      static_cast<void>(worker->directory().RegisterSeries(registered, LabelValues{kNewValue}));
    };
  };
}

Operation RegisterFamily() {
  static const FamilyDefinition family = HistogramNamed("made_seconds", {1, 2}, {"n"});
  return {"register_family", CreateTinySegment,
          [](const std::string& path) {
            return [worker = AttachWorker(path)] { static_cast<void>(worker->Register(family)); };
          },
          [](Lessee& witness, SegmentReading& reading, Runs) {
            witness.worker().Observe(family, {"a"}, kObserved);
            EXPECT_EQ(reading.Again().Histogram("made_seconds{n=\"a\"}").count, 1U);
          }};
}

Operation RegisterSeries() {
  static const FamilyDefinition family = CounterNamed("first_total", {"n"});
  return {"register_series", CreateTinySegment, RegisterNew(family),
          [](Lessee& witness, SegmentReading& reading, Runs runs) {
            CheckSeries(family, witness, reading, runs);
          }};
}

/// Registers a series that comes after others in its hash chain.
Operation RegisterColliding() {
  static const FamilyDefinition family = CounterNamed("colliding_total", {"n"});
  return {"register_series_colliding",
          [](const std::string& path) {
            BareWorker worker(path, TinySegment());
            const shm::RegisteredFamily registered = worker.Register(family).value();
            const auto chain_of = [&](std::string_view value) {
              return shm::HashOfValues(worker.segment().hash_key(), registered.ref, {&value, 1}) &
                     (worker.segment().header().chain_count - 1);
            };
            for (int i = 0, found = 0; found < 4; i++) {
              const std::string value = std::to_string(i);
              if (chain_of(value) != chain_of(kNewValue)) continue;
              found++;
              static_cast<void>(worker.directory().RegisterSeries(registered, LabelValues{value}));
            }
          },
          RegisterNew(family),
          [](Lessee& witness, SegmentReading& reading, Runs runs) {
            CheckSeries(family, witness, reading, runs);
          }};
}

/// Registers the last series within the family's limit.
Operation RegisterLast() {
  static const FamilyDefinition family = CounterNamed("full_total", {"n"});
  return {"register_series_nearly_full",
          [](const std::string& path) {
            BareWorker worker(path, TinySegment());
            for (std::uint32_t i = 1; i < TinySegment().family_series_limit; i++)
              static_cast<void>(worker.Register(family, {std::to_string(i)}));
          },
          RegisterNew(family),
          [](Lessee& witness, SegmentReading& reading, Runs runs) {
            const std::string series = std::string("full_total{n=\"") + kNewValue + "\"}";
            if (runs.WereUndisturbed()) {
              EXPECT_TRUE(reading.Shows(series));
            }
            const shm::FamilySnapshot* found = reading.Family(family.name);
            ASSERT_NE(found, nullptr);
            EXPECT_LE(found->registered_series, TinySegment().family_series_limit);
            EXPECT_LE(found->series.size(), TinySegment().family_series_limit);
            // The dead process may have kept the place it had reserved. Then one more is refused, and not
            // more than one.
            const auto registered = witness.worker().Register(family, {kNewValue});
            if (!registered.ok()) {
              EXPECT_EQ(registered.error().code, ErrorCode::kSeriesLimit);
            }
            if (reading.Shows(series)) {
              EXPECT_TRUE(registered.ok());
            }
          }};
}

/// Needs memory that has not been committed, for the next record and the next cell.
Operation Grow() {
  static const FamilyDefinition family = CounterNamed("grown_total", {"n"});
  return {"grow",
          [](const std::string& path) {
            BareWorker worker(path, TinySegment());
            ASSERT_TRUE(worker.Register(family).ok());
            ASSERT_TRUE(worker.arena().AllocateCells(shm::kStripeBytes).ok());
            const shm::layout::MutableHeader& header = worker.segment().mutable_header();
            const std::uint64_t used = (header.used.load() & UINT32_MAX) * shm::layout::kRecordAlignment;
            const std::uint64_t end = worker.segment().header().records_offset + used;
            const std::uint64_t left = header.committed_front.load() - end;
            if (left > 0) {
              ASSERT_TRUE(worker.arena().AllocateRecord(left).ok());
            }
          },
          RegisterNew(family),
          [](Lessee& witness, SegmentReading& reading, Runs runs) {
            CheckSeries(family, witness, reading, runs);
          }};
}

Operation RemoveSeries() {
  static const FamilyDefinition family = CounterNamed("removed_total", {"n"});
  return {
      "remove",
      [](const std::string& path) { BareWorker(path, TinySegment()).Count(family, {"a"}, std::uint64_t{1}); },
      [](const std::string& path) {
        auto worker = AttachWorker(path);
        return [worker, registered = worker->Register(family).value()] {
          worker->directory().RemoveSeries(registered, LabelValues{"a"});
        };
      },
      [](Lessee& witness, SegmentReading& reading, Runs runs) {
        const std::string series = "removed_total{n=\"a\"}";
        if (runs.completed > 0) {
          EXPECT_FALSE(reading.Shows(series));
        }
        ASSERT_TRUE(witness.worker().Register(family, {"a"}).ok());
        EXPECT_GE(reading.Again().Counter(series), 1U) << "its value stays";
      }};
}

/// The first set of a worker that has a slot and no cell yet. The gauge vanishes with the worker.
Operation SetGauge() {
  static const FamilyDefinition gauge = GaugeNamed("depth", GaugeMode::kMostRecent, {"n"});
  return {"gauge", CreateTinySegment,
          [](const std::string& path) {
            auto worker = AttachWorker(path);
            worker->Set(gauge, {"other"}, 1);
            static_cast<void>(worker->Register(gauge, {"a"}));
            return [worker] { worker->Set(gauge, {"a"}, 5); };
          },
          [](Lessee&, SegmentReading& reading, Runs) { EXPECT_FALSE(reading.Shows("depth{n=\"a\"}")); }};
}

Operation SetLast() {
  static const FamilyDefinition gauge = GaugeNamed("latest", GaugeMode::kLast);
  return {"gauge_last", CreateTinySegment,
          [](const std::string& path) {
            auto worker = AttachWorker(path);
            auto* cell = worker->GaugeCellOf(gauge, {}).value();
            return [cell, order = shm::GaugeOrder(worker->segment(), GaugeMode::kLast), worker] {
              shm::SetGauge(cell, 7, order);
            };
          },
          [](Lessee&, SegmentReading& reading, Runs runs) {
            const std::optional<double> value = reading.Gauge("latest");
            if (value || runs.completed > 0) {
              EXPECT_EQ(value, 7.0);
            }
          }};
}

/// Writes the first exemplar of a series, whose records have to be made.
Operation ObserveWithExemplar() {
  static const FamilyDefinition family = HistogramNamed("traced_seconds", {1, 2});
  static const shm::BucketIndex buckets(family.bounds);
  return {"observe_with_exemplar", CreateTinySegment,
          [](const std::string& path) {
            auto worker = AttachWorker(path);
            shm::layout::SeriesRecord* series = worker->Register(family, {}).value();
            return [worker, series] {
              shm::ObserveInHistogram({worker->CellOf<shm::HistogramCell>(*series), 0}, buckets, kObserved);
              shm::KeepExemplar(worker->segment(), worker->arena(), series, {1, 3}, kObserved,
                                LabelValues{"trace_id"}, LabelValues{kTrace});
            };
          },
          [](Lessee&, SegmentReading& reading, Runs runs) {
            EXPECT_TRUE(runs.Allow(reading.Histogram("traced_seconds").count));
            const auto exemplars = reading.Exemplars("traced_seconds");
            EXPECT_LE(exemplars.size(), 1U);
            if (runs.WereUndisturbed()) {
              EXPECT_EQ(exemplars.size(), 1U);
            }
            for (const shm::ExemplarSnapshot& exemplar : exemplars) {
              EXPECT_EQ(exemplar.labels, std::string("trace_id=\"") + kTrace + "\"");
              EXPECT_EQ(exemplar.value, kObserved);
              EXPECT_GE(reading.Histogram("traced_seconds").count, 1U) << "an exemplar of nothing";
            }
          }};
}

}  // namespace

std::vector<Operation> MetricOperations() {
  return {Grow(),         RegisterFamily(), RegisterSeries(), RegisterColliding(),  RegisterLast(),
          RemoveSeries(), SetGauge(),       SetLast(),        ObserveWithExemplar()};
}

}  // namespace shmetrics::testing

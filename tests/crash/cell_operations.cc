#include "tests/crash/cell_operations.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/rseq.h>

#include <bit>
#include <cstdint>
#include <string>
#include <utility>

#include "shm/cells.h"
#include "tests/support/stripe_sums.h"

namespace shmetrics::testing {
namespace {

using shm::Column;
using shm::FamilyDefinition;
using shm::HistogramCell;

constexpr double kFraction = 0.5;
const std::vector<double> kBounds = {1, 2};
const shm::BucketIndex kBuckets(kBounds);
constexpr std::uint32_t kBucket = 1;

enum class How { kBySequence, kByLockedInstruction };

std::string Named(const std::string& what, How how) {
  return what + (how == How::kBySequence ? "_by_sequence" : "_by_locked_instruction");
}

/// Pins this process to a CPU that has a stripe in these segments.
void PinToTheCpuWithAStripe() {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(TinySegment().max_cpu_stripes - 1, &only);
  EXPECT_EQ(sched_setaffinity(0, sizeof only, &only), 0);
}

template <class Cell>
Column<Cell> ColumnOf(BareWorker& worker, const FamilyDefinition& family, How how) {
  const std::uint32_t stripes = worker.segment().header().stripe_count;
  return {worker.CellOf<Cell>(*worker.Register(family, {}).value()),
          how == How::kBySequence ? stripes - shm::kAtomicStripes : 0};
}

/// Expects the cells to hold as much as `runs` allow, in the stripes that are added to in this way, and
/// nothing in the other stripes. An addition that takes the other way tests nothing.
void CheckWay(const StripeSums& sums, How how, Runs runs) {
  const auto [this_way, other_way] = how == How::kBySequence
                                         ? std::pair(sums.by_sequence, sums.by_locked_instruction)
                                         : std::pair(sums.by_locked_instruction, sums.by_sequence);
  EXPECT_TRUE(runs.Allow(this_way)) << this_way;
  EXPECT_EQ(other_way, 0U) << "the other way was taken";
}

template <class Cell>
void CheckCells(Lessee& witness, const FamilyDefinition& family, How how, Runs runs, auto times_of) {
  BareWorker& worker = witness.worker();
  Cell* first = worker.CellOf<Cell>(*worker.Register(family, {}).value());
  CheckWay(SumStripes(worker.segment(), first, times_of), how, runs);
}

Operation Count(How how) {
  const FamilyDefinition family = CounterNamed(Named("steps", how) + "_total");
  return {Named("counter", how), CreateTinySegment,
          [=](const std::string& path) {
            PinToTheCpuWithAStripe();
            auto worker = AttachWorker(path);
            const auto column = ColumnOf<std::uint64_t>(*worker, family, how);
            return [worker, column] { shm::AddToCounter(column, 1); };
          },
          [=](Lessee& witness, SegmentReading& reading, Runs runs) {
            EXPECT_TRUE(runs.Allow(reading.Counter(family.name))) << reading.Counter(family.name);
            CheckCells<std::uint64_t>(witness, family, how, runs, [](std::uint64_t cell) { return cell; });
          }};
}

Operation CountFraction(How how) {
  const FamilyDefinition family = FractionalCounterNamed(Named("fractions", how) + "_total");
  return {Named("fractional_counter", how), CreateTinySegment,
          [=](const std::string& path) {
            PinToTheCpuWithAStripe();
            auto worker = AttachWorker(path);
            const auto column = ColumnOf<std::uint64_t>(*worker, family, how);
            return [worker, column] { shm::AddToFractionalCounter(column, kFraction); };
          },
          [=](Lessee& witness, SegmentReading&, Runs runs) {
            CheckCells<std::uint64_t>(witness, family, how, runs, [](std::uint64_t cell) {
              return static_cast<std::uint64_t>(std::bit_cast<double>(cell) / kFraction);
            });
          }};
}

Operation Observe(How how) {
  const FamilyDefinition family = HistogramNamed(Named("seconds", how), kBounds);
  return {Named("observe", how), CreateTinySegment,
          [=](const std::string& path) {
            PinToTheCpuWithAStripe();
            auto worker = AttachWorker(path);
            const auto column = ColumnOf<HistogramCell>(*worker, family, how);
            return [worker, column] { shm::ObserveInHistogram(column, kBuckets, kObserved); };
          },
          [=](Lessee& witness, SegmentReading& reading, Runs runs) {
            const HistogramReading histogram = reading.Histogram(family.name);
            EXPECT_EQ(histogram.sum, kObserved * static_cast<double>(histogram.count)) << "they disagree";
            CheckCells<HistogramCell>(witness, family, how, runs, [](const HistogramCell& cell) {
              const HistogramCell& bucket = (&cell)[kBucket];
              EXPECT_EQ(bucket.sum, kObserved * static_cast<double>(bucket.count)) << "they disagree";
              return bucket.count;
            });
          }};
}

}  // namespace

std::vector<Operation> CellOperations() {
  std::vector<Operation> operations;
  for (const How how : {How::kBySequence, How::kByLockedInstruction}) {
    if (how == How::kBySequence && __rseq_size == 0) continue;
    for (Operation& operation : std::vector{Count(how), CountFraction(how), Observe(how)})
      operations.push_back(std::move(operation));
  }
  return operations;
}

}  // namespace shmetrics::testing

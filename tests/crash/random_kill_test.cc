// kill -9 at random moments, again and again. SHMETRICS_KILL_SECONDS makes it longer than a normal test run.

#include <gtest/gtest.h>
#include <sys/rseq.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "shm/cells.h"
#include "shm/segment/segment_options.h"
#include "shm/snapshot/snapshot.h"
#include "tests/support/bare_worker.h"
#include "tests/support/child.h"
#include "tests/support/private_folder.h"
#include "tests/support/segment_reading.h"
#include "tests/support/shared_page.h"
#include "tests/support/stripe_sums.h"

namespace shmetrics::testing {
namespace {

using std::chrono::steady_clock;

constexpr int kWorkers = 4;
constexpr double kConstant = 0.25;

std::chrono::duration<double> Duration() {
  const char* seconds = std::getenv("SHMETRICS_KILL_SECONDS");
  return std::chrono::duration<double>(seconds == nullptr ? 1.5 : std::atof(seconds));
}

/// What the workers say they did. `begun` is raised before, `done` after. Not in the segment.
struct Ledger {
  std::atomic<std::uint64_t> begun, done;
};

std::uint32_t CpuStripes(BareWorker& worker) {
  return worker.segment().header().stripe_count - shm::kAtomicStripes;
}

class RandomKillTest : public ::testing::Test {
 protected:
  /// Runs workers that do `body` for ever. Kills and replaces one after another, for some time and until
  /// check() says that they have done enough.
  void KillAndReplace(const std::function<void()>& body, const std::function<bool()>& check) {
    std::mt19937 random(9);
    std::vector<Child> workers;
    for (int i = 0; i < kWorkers; i++) workers.emplace_back(body);
    const auto end = steady_clock::now() + Duration();
    for (bool is_enough = false; (steady_clock::now() < end || !is_enough) && !HasFailure();) {
      std::this_thread::sleep_for(std::chrono::microseconds(random() % 2'000));
      workers[random() % kWorkers] = Child(body);
      kills_++;
      is_enough = check();
    }
  }
  /// What was added to the counter so far, by the kind of stripe.
  static StripeSums Sums(BareWorker& worker) {
    return SumStripes(worker.segment(),
                      worker.CellOf<std::uint64_t>(*worker.Register(CounterNamed("c_total"), {}).value()));
  }
  void ExpectNothingSkipped(const SegmentReading& reading) {
    const shm::Skipped& skipped = reading.snapshot().skipped;
    EXPECT_EQ(skipped.families + skipped.series + skipped.chains + skipped.gauges, 0U);
  }

  PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
  std::uint64_t kills_ = 0;
};

// Faults 1 and 5. Every second process adds by restartable sequences, the others by locked instructions.
TEST_F(RandomKillTest, CountersAndHistogramsLoseNoMoreThanWhatWasInFlight) {
  const SharedPage<Ledger> ledger;
  const shm::FamilyDefinition histogram = HistogramNamed("h", {0.1, 1});
  const shm::BucketIndex buckets(histogram.bounds);
  const auto body = [&] {
    BareWorker worker(path_);
    const std::uint32_t stripes = getpid() % 2 == 0 ? CpuStripes(worker) : 0;
    const auto* counted = worker.Register(CounterNamed("c_total"), {}).value();
    const shm::Column<std::uint64_t> counter{worker.CellOf<std::uint64_t>(*counted), stripes};
    const auto* observed = worker.Register(histogram, {}).value();
    const shm::Column<shm::HistogramCell> cells{worker.CellOf<shm::HistogramCell>(*observed), stripes};
    for (;;) {
      ledger->begun++;
      shm::AddToCounter(counter, 1);
      shm::ObserveInHistogram(cells, buckets, kConstant);
      ledger->done++;
    }
  };
  BareWorker creator(path_);
  SegmentReading reading(path_);
  KillAndReplace(body, [&] {
    const std::uint64_t done = ledger->done;
    reading.Again();
    const std::uint64_t begun = ledger->begun;
    const HistogramReading h = reading.Histogram("h");
    EXPECT_GE(reading.Counter("c_total"), done);
    EXPECT_LE(reading.Counter("c_total"), begun);
    EXPECT_GE(h.count, done);
    EXPECT_LE(h.count, begun);
    EXPECT_EQ(h.sum, kConstant * static_cast<double>(h.count));
    const StripeSums sums = Sums(creator);
    return sums.by_locked_instruction > 0 && (sums.by_sequence > 0 || __rseq_size == 0);
  });
  ExpectNothingSkipped(reading.Again());
  EXPECT_LE(ledger->begun - ledger->done, kills_ + kWorkers);
}

// Faults 2, 4 and 6.
TEST_F(RandomKillTest, RegistrationsSlotsAndGaugesSurviveTheirMakers) {
  const shm::SegmentOptions options = {
      .bytes = 64U << 20U, .series_limit = 50'000, .family_series_limit = 50'000, .slot_count = kWorkers + 1};
  constexpr int kSeries = 2'000;
  const auto body = [&] {
    std::mt19937 random(static_cast<unsigned>(getpid()));
    BareWorker worker(path_, options);
    const auto family = worker.Register(CounterNamed("c_total", {"n"}));
    for (int i = 0;; i++) {
      const std::string value = std::to_string(random() % kSeries);
      static_cast<void>(worker.directory().RegisterSeries(family.value(), LabelValues{value}));
      worker.Set(GaugeNamed("alive", shm::layout::GaugeMode::kSum, {"n"}), {std::to_string(i % 100)}, 1);
    }
  };
  BareWorker creator(path_, options);
  SegmentReading reading(path_);
  KillAndReplace(body, [&] {
    reading.Again();
    EXPECT_LE(reading.Gauge("alive{n=\"0\"}").value_or(0), kWorkers) << "a gauge of the dead";
    EXPECT_LE(reading.snapshot().workers.size(), kWorkers + 1U);
    return reading.Family("c_total") != nullptr;
  });
  ExpectNothingSkipped(reading.Again());
  EXPECT_FALSE(reading.Shows("alive{n=\"0\"}")) << "all are dead";
  const std::uint64_t shown = reading.Family("c_total")->series.size() + 100;
  EXPECT_GE(reading.snapshot().segment.series_count, shown);
  EXPECT_LE(reading.snapshot().segment.series_count, shown + kills_ + kWorkers)
      << "more than one leaked per death";

  BareWorker heir(path_);
  for (int i = 0; i < kSeries; i++)
    heir.Count(CounterNamed("c_total", {"n"}), {std::to_string(i)}, std::uint64_t{1});
  EXPECT_EQ(reading.Again().Family("c_total")->series.size(), kSeries);
  for (const auto& series : reading.Family("c_total")->series) ASSERT_EQ(series.integer, 1U);
  ExpectNothingSkipped(reading);
}

}  // namespace
}  // namespace shmetrics::testing

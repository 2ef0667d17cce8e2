// Deaths between two stores. A process does everything that changes a segment, and is killed at each named
// crash point, each time it passes. What it leaves must be whole for readers, and usable at once.

#include "shm/base/crash_point.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "shm/leases/lease_shard.h"
#include "shm/leases/ledger.h"
#include "shm/series/key_hash.h"
#include "shm/snapshot/snapshot.h"
#include "tests/crash/crash_points.h"
#include "tests/support/bare_worker.h"
#include "tests/support/child.h"
#include "tests/support/lessee.h"
#include "tests/support/private_folder.h"
#include "tests/support/segment_reading.h"

namespace shmetrics::testing {
namespace {

using shm::layout::GaugeMode;

constexpr int kKilled = 128 + SIGKILL;

constexpr std::uint64_t kSpent = 1'000;
constexpr const char* kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr int kManySeries = 75;  // with labels of 4 KiB: more than creation commits

/// Takes one user's leases up to the limit and no further, and so many keys that entries are added, swept and
/// used again.
void TakeLeases(Lessee* lessee) {
  std::vector<shm::HeldLease> held;
  for (int i = 0; i < 3; i++) held.push_back(lessee->Acquire("42", 3, kMinuteNs).value());
  EXPECT_EQ(lessee->Acquire("42", 3).error().code, ErrorCode::kLimitReached);
  EXPECT_TRUE(shm::Leases::Renew(held[0], kMinuteNs));
  EXPECT_TRUE(lessee->Release(held[0]));
  EXPECT_TRUE(lessee->Acquire("42", 3).ok());
  {
    const std::string_view user = "42";
    const shm::Segment& segment = lessee->worker().segment();
    const auto shard = shm::LeaseShard::Lock(segment, shm::HashOfValues(segment.hash_key(), 0, {&user, 1}));
    EXPECT_TRUE(lessee->Release(held[1])) << "it leaves word for the next holder";
  }
  EXPECT_TRUE(lessee->Acquire("42", 3).ok());
  for (int i = 0; i < 600; i++) EXPECT_TRUE(lessee->Acquire("user" + std::to_string(i), 1, i % 2).ok());
}

void SpendMinutes(Lessee* lessee) {
  BareWorker* worker = &lessee->worker();
  shm::Ledger ledger(worker->segment(), worker->arena());
  const auto no_limit = [](std::uint32_t) { return std::optional<std::uint64_t>(); };
  EXPECT_TRUE(ledger.Spend("42", kSpent, shm::Ledger::Intent::kSpend, no_limit).ok());
  EXPECT_TRUE(ledger.Spend("refunded", kSpent, shm::Ledger::Intent::kSpend, no_limit).ok());
  EXPECT_TRUE(ledger.Refund("refunded", kSpent)->recorded);
  EXPECT_TRUE(ledger.SetClass("42", 2).ok());
  EXPECT_TRUE(ledger.Restore({"42", shm::UtcDay(), 0, 3}).ok());
  shm::Leases::Reserved reserved{kSpent, no_limit, {}};
  shm::Leases::Terms terms;
  terms.reserves = &reserved;
  const Result<shm::HeldLease> job = lessee->AcquireOn("reserving", terms);
  EXPECT_TRUE(job.ok());
  EXPECT_TRUE(ledger.Settle({"reserving", &lessee->registered_family()}, job.value(), kSpent).ok());
}

/// Everything a worker does, once each: create or attach, register families of all kinds and series, claim a
/// slot, set gauges in more than one block of its row, take, renew, release and sweep leases, spend minutes,
/// grow both ends. All amounts are 1, so that doing it twice shows.
void DoEverything(const std::string& path) {
  Lessee lessee(path);
  BareWorker& worker = lessee.worker();
  TakeLeases(&lessee);
  SpendMinutes(&lessee);
  worker.Count(CounterNamed("plain_total"), {}, std::uint64_t{1});
  worker.Count(FractionalCounterNamed("fractions_total", {"a"}), {"x"}, 1.0);
  worker.Observe(HistogramNamed("latency", {1, 2}, {"a"}), {"x"}, 1.0, {"trace_id"}, {kTrace});
  worker.Observe(HistogramNamed("latency", {1, 2}, {"a"}), {"x"}, 3.0, {"trace_id"}, {kTrace});
  worker.Set(GaugeNamed("last", GaugeMode::kLast, {"a"}), {"x"}, 1);
  for (int i = 0; i < 60; i++)
    worker.Set(GaugeNamed("gauge", GaugeMode::kSum, {"n"}), {std::to_string(i)}, 1);
  const std::string long_value(4'000, 'x');
  for (int i = 0; i < kManySeries; i++) {
    worker.Count(CounterNamed("many_total", {"n", "long"}), {std::to_string(i), long_value},
                 std::uint64_t{1});
  }
}

void ExpectWholeSegment(const std::string& path) {
  const SegmentReading reading = Read(path);
  const shm::Skipped& skipped = reading.snapshot().skipped;
  EXPECT_EQ(skipped.families + skipped.series + skipped.chains + skipped.collisions + skipped.gauges +
                skipped.leases + skipped.exemplars,
            0U);
  for (const auto& exemplar : reading.snapshot().exemplars)
    EXPECT_EQ(exemplar.labels, std::string("trace_id=\"") + kTrace + "\"");
  EXPECT_EQ(reading.snapshot().segment.leases, 0U) << "their owners are dead";
  for (const auto& family : reading.snapshot().families) {
    std::set<std::string_view> names;
    for (const auto& series : family.series)
      EXPECT_TRUE(names.insert(series.name_and_labels).second) << "duplicate " << series.name_and_labels;
  }
}

/// Does everything in a child that is killed when it passes `point` for the `nth` time. Returns how it ended.
int DieAt(const std::string& path, std::string_view point, int nth) {
  return RunInChild([&] {
    static std::string_view deadly;
    static int left;
    deadly = point;
    left = nth;
    shm::crash_point_hook = [](const char* name) {
      if (name == deadly && --left == 0) raise(SIGKILL);
    };
    DoEverything(path);
  });
}

class CrashPointTest : public ::testing::TestWithParam<const char*> {
 protected:
  PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
};

// Faults 1 to 6.
TEST_P(CrashPointTest, DeathThereLeavesAWholeSegmentThatIsUsableAtOnce) {
  int deaths = 0;
  for (int nth = 1;; nth += nth < 12 ? 1 : 9) {
    std::filesystem::remove(path_);
    const int ended = DieAt(path_, GetParam(), nth);
    ASSERT_TRUE(ended == kKilled || ended == 0) << ended;
    const bool exists = std::filesystem::exists(path_);
    if (exists) ExpectWholeSegment(path_);
    ASSERT_EQ(RunInChild([&] { DoEverything(path_); }), 0) << "after death " << nth;
    ExpectWholeSegment(path_);
    BareWorker witness(path_);
    const SegmentReading reading = Read(path_);
    ASSERT_TRUE(reading.Counter("plain_total") == 1U || reading.Counter("plain_total") == 2U);
    ASSERT_EQ(reading.AliveWorkers(), 0U);
    ASSERT_FALSE(reading.Shows(R"(gauge{n="0"})")) << "its worker is dead";
    ASSERT_EQ(reading.Gauge(R"(last{a="x"})"), 1.0);
    const std::uint64_t spent = shm::Ledger(witness.segment(), witness.arena()).Read("42")->amount;
    ASSERT_TRUE(spent == kSpent || spent == 2 * kSpent) << spent;
    const shm::FamilySnapshot* many = reading.Family("many_total");
    ASSERT_NE(many, nullptr);
    ASSERT_EQ(many->series.size(), kManySeries);
    for (const auto& series : many->series) ASSERT_TRUE(series.integer == 1 || series.integer == 2);
    // A death leaks one place at most (fault 2).
    ASSERT_LE(reading.snapshot().segment.series_count, 60U + kManySeries + 3U + 1U);
    if (ended == 0) break;  // it passes fewer than `nth` times
    deaths++;
  }
  EXPECT_GT(deaths, 0) << "nobody came by " << GetParam();
}

// The slot of the dead is free at once for the next worker (fault 4).
TEST_P(CrashPointTest, DeathsThereUseUpNoSlot) {
  BareWorker creator(path_);
  ASSERT_EQ(DieAt(folder_ / "other", GetParam(), 1), kKilled);
  for (int i = 0; i < 20; i++) static_cast<void>(DieAt(path_, GetParam(), 1));
  ASSERT_EQ(RunInChild([&] { DoEverything(path_); }), 0);
  EXPECT_LE(Read(path_).snapshot().workers.size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(All, CrashPointTest, ::testing::ValuesIn(kCrashPoints),
                         [](const auto& test) { return std::string(test.param); });

// Fault 5, for what is written after an observation.
TEST(ExemplarDeathsTest, TheNextExemplarOfTheBucketIsThereHoweverTheFormerWriterDied) {
  for (const char* point : {"exemplars_allocated", "exemplar_claimed", "exemplar_half_written"}) {
    const PrivateFolder folder;
    const std::string path = folder / "segment";
    ASSERT_EQ(DieAt(path, point, 1), kKilled);
    ExpectWholeSegment(path);
    BareWorker heir(path);
    SegmentReading reading(path);
    const double before = reading.Again().Histogram(R"(latency{a="x"})").sum;
    EXPECT_GE(before, 1.0) << "its value was counted";
    // The dead keep their place for a moment longer.
    WaitUntil([&] {
      heir.Observe(HistogramNamed("latency", {1, 2}, {"a"}), {"x"}, 1.0, {"trace_id"}, {kTrace});
      return reading.Again().Exemplars(R"(latency{a="x"})").size() == 1;
    });
    EXPECT_EQ(reading.Exemplars(R"(latency{a="x"})")[0].bucket, 0U);
  }
}

/// Dies while it holds the shard of user 42.
void DieInAShard(const std::string& path) { EXPECT_EQ(DieAt(path, "lease_written", 1), kKilled); }

TEST(RepairsTest, AnHeirThatDiesWhileItRepairsLeavesTheRepairToTheNext) {
  for (const std::string_view point : kRepairPoints) {
    const PrivateFolder folder;
    const std::string path = folder / "segment";
    DieInAShard(path);
    for (int i = 0; i < 3; i++) ASSERT_EQ(DieAt(path, point, 1), kKilled) << "nobody came by " << point;
    ASSERT_EQ(RunInChild([&] { DoEverything(path); }), 0);
    ExpectWholeSegment(path);
    EXPECT_GE(Read(path).snapshot().segment.mutex_recoveries, 1U);
  }
}

TEST(CrashPointsTest, EveryCrashPointIsListed) {
  static std::set<std::string> reached;
  const PrivateFolder folder;
  shm::crash_point_hook = [](const char* name) { reached.insert(name); };
  DoEverything(folder / "segment");
  shm::crash_point_hook = nullptr;
  for (const char* point : kRepairPoints) reached.erase(point);
  for (const char* point : kLeavingPoints) EXPECT_FALSE(reached.contains(point)) << point;
  for (const char* point : kReadingPoints) EXPECT_EQ(reached.erase(point), 1U) << point;
  EXPECT_EQ(reached, std::set<std::string>(std::begin(kCrashPoints), std::end(kCrashPoints)));
}

}  // namespace
}  // namespace shmetrics::testing

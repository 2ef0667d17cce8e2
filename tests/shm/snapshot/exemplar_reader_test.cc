#include "shm/snapshot/exemplar_reader.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "shm/cells.h"
#include "shm/series/exemplars.h"
#include "shm/snapshot/snapshot_reader.h"
#include "tests/support/bare_worker.h"
#include "tests/support/child.h"
#include "tests/support/private_folder.h"
#include "tests/support/segment_reading.h"
#include "tests/support/shared_page.h"

namespace shmetrics::shm {
namespace {

using testing::BareWorker;
using testing::Child;
using testing::SegmentReading;

constexpr int kWriters = 4;

class ExemplarReaderTest : public ::testing::Test {
 protected:
  /// Observes values of one bucket or the other, each with an exemplar. Its labels are made from the value
  /// and have many lengths, so that a mix of two exemplars shows.
  void WriteUntil(const std::atomic<bool>& stop, int writer) const {
    BareWorker worker(path_);
    layout::SeriesRecord* series = worker.Register(latency_, {}).value();
    auto* cells = worker.CellOf<HistogramCell>(*series);
    for (int i = 0; !stop; i++) {
      const int value = writer + kWriters * (i % 1'000);
      const std::string text = LabelOf(value);
      const std::string_view label = text;
      const std::string_view name = "n";
      const std::uint32_t bucket = BucketOf(&kBound, 1, value);
      AddToHistogramCell(cells + bucket, value);
      KeepExemplar(worker.segment(), worker.arena(), series, {bucket, 2}, value, {&name, 1}, {&label, 1});
    }
  }
  static std::string LabelOf(double value) {
    const auto number = static_cast<int>(value);
    return std::string(static_cast<std::size_t>(number % 100), static_cast<char>('a' + number % 26)) +
           std::to_string(number);
  }
  /// Reads until it has seen enough, and checks each exemplar.
  void ExpectWhole() {
    SegmentReading reading(path_);
    std::uint64_t seen = 0;
    for (int rounds = 0; seen < 2'000 && rounds < 200'000; rounds++) {
      reading.Again();
      const std::vector<std::uint64_t> counts = reading.Histogram("latency").buckets;
      for (const ExemplarSnapshot& exemplar : reading.Exemplars("latency")) {
        seen++;
        ASSERT_EQ(exemplar.labels, "n=\"" + LabelOf(exemplar.value) + "\"") << "a mix";
        ASSERT_EQ(exemplar.bucket, exemplar.value <= kBound ? 0U : 1U);
        ASSERT_GT(counts[exemplar.bucket], 0U) << "shown before it was counted";
      }
    }
    EXPECT_GE(seen, 2'000U);
    EXPECT_EQ(reading.snapshot().skipped.exemplars, 0U);
  }

  static constexpr double kBound = 2'000;
  testing::PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
  const FamilyDefinition latency_ = testing::HistogramNamed("latency", {kBound});
  BareWorker creator_{path_};
  testing::SharedPage<std::atomic<bool>> stop_;
};

// Fault 25.
TEST_F(ExemplarReaderTest, ThreadsThatWriteAtOnceNeverShowAMix) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < kWriters; i++) threads.emplace_back([this, i] { WriteUntil(*stop_, i); });
  ExpectWhole();
  *stop_ = true;
}

TEST_F(ExemplarReaderTest, ProcessesThatWriteAtOnceNeverShowAMix) {
  std::vector<Child> children;
  for (int i = 0; i < kWriters; i++) children.emplace_back([this, i] { WriteUntil(*stop_, i); });
  ExpectWhole();
  *stop_ = true;
  for (Child& child : children) EXPECT_EQ(child.Wait(), 0);
}

// There is one nearly always. A writer that is preempted while it writes, and goes on after another has taken
// over, leaves a torn record.
TEST_F(ExemplarReaderTest, AtRestThereIsOneHoweverManyHaveWrittenAtOnce) {
  int whole = 0;
  for (int round = 0; round < 20; round++) {
    std::vector<std::jthread> threads;
    std::atomic<bool> stop{false};
    for (int i = 0; i < kWriters; i++) threads.emplace_back([&, i] { WriteUntil(stop, i); });
    SegmentReading reading(path_);
    testing::WaitUntil([&] { return reading.Again().Exemplars("latency").size() == 2; });
    stop = true;
    threads.clear();
    whole += reading.Again().Exemplars("latency").size() == 2 ? 1 : 0;
  }
  EXPECT_GE(whole, 10);
}

// Fault 24.
TEST_F(ExemplarReaderTest, SeriesLedToTheRecordsOfAnotherCostNoMoreThanThereIsMemoryFor) {
  std::vector<double> bounds;
  for (int i = 1; i <= 255; i++) bounds.push_back(i);
  const FamilyDefinition large = testing::HistogramNamed("large", bounds, {"a"});
  for (int i = 1; i <= 256; i++) creator_.Observe(large, {"0"}, i, {"n"}, {"x"});
  const std::uint32_t records = creator_.Register(large, {"0"}).value()->exemplars;
  for (int i = 1; i < 40; i++) creator_.Register(large, {std::to_string(i)}).value()->exemplars = records;
  SegmentReading reading(path_);
  for (int round = 0; round < 2; round++) {
    const Snapshot& snapshot = reading.Again().snapshot();
    EXPECT_GE(snapshot.exemplars.size(), 256U);
    EXPECT_LE(snapshot.exemplars.size(), snapshot.segment.committed_bytes / sizeof(layout::ExemplarRecord));
    EXPECT_LT(snapshot.exemplars.size(), 40 * 256U);
    EXPECT_GT(snapshot.skipped.exemplars, 0U);
  }
}

TEST_F(ExemplarReaderTest, WhoShowsNoneIsSparedThem) {
  creator_.Observe(latency_, {}, 1, {"n"}, {"a"});
  SnapshotReader reader(Segment::Attach(path_, Segment::Access::kReadOnly).value());
  Snapshot snapshot{};
  reader.Read(&snapshot, ExemplarReading::kRead);
  EXPECT_EQ(snapshot.exemplars.size(), 1U);
  reader.Read(&snapshot, ExemplarReading::kSkip);
  EXPECT_TRUE(snapshot.exemplars.empty());
  EXPECT_EQ(snapshot.families.at(0).series.at(0).exemplar_count, 0U);
}

TEST_F(ExemplarReaderTest, MemoryOfTheSnapshotIsUsedAgainAndHoldsNoMoreThanThePresentOnes) {
  creator_.Observe(latency_, {}, 1, {"n"}, {"a"});
  creator_.Observe(latency_, {}, 3'000, {"n"}, {"b"});
  SegmentReading reading(path_);
  EXPECT_EQ(reading.Again().snapshot().exemplars.size(), 2U);
  auto* series = creator_.Register(latency_, {}).value();
  series->visibility = layout::Visibility::kHidden;
  EXPECT_TRUE(reading.Again().snapshot().exemplars.empty());
  series->visibility = layout::Visibility::kShown;
  EXPECT_EQ(reading.Again().snapshot().exemplars.size(), 2U);
}

}  // namespace
}  // namespace shmetrics::shm

// Fault 21: a tmpfs of 1 MiB that is full, or fills up, is an error code and never a signal.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "shm/base/unique_fd.h"
#include "shm/cells.h"
#include "shm/layout/layout.h"
#include "shm/segment/segment_options.h"
#include "shm/snapshot/snapshot.h"
#include "tests/support/bare_worker.h"
#include "tests/support/child.h"
#include "tests/support/mount_namespace.h"
#include "tests/support/private_folder.h"
#include "tests/support/segment_reading.h"

namespace shmetrics::shm {
namespace {

using testing::BareWorker;
using testing::CounterNamed;
using testing::GaugeNamed;
using testing::PrivateFolder;

class FullTmpfsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::CanMount(folder_.path())) GTEST_SKIP() << "this user may not mount a tmpfs";
  }
  /// Runs `body` in a child that sees an empty tmpfs of 1 MiB in the folder.
  void Run(const std::function<void()>& body) {
    EXPECT_EQ(testing::RunInChild([&] {
                ASSERT_TRUE(testing::EnterMountNamespace());
                ASSERT_TRUE(testing::MountTmpfs(folder_.path(), "1m"));
                body();
              }),
              0);
  }
  std::uint64_t FreeBytes() {
    struct statvfs status;
    EXPECT_EQ(statvfs(folder_.path().c_str(), &status), 0);
    return status.f_bfree * status.f_bsize;
  }
  /// Fills the tmpfs except for `left` bytes.
  void Fill(std::uint64_t left) {
    const UniqueFd file(open((folder_ / "filler").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    ASSERT_EQ(posix_fallocate(file.get(), 0, static_cast<off_t>(FreeBytes() - left)), 0);
  }

  PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
  static constexpr SegmentOptions kLarge = {
      .bytes = 64U << 20U, .series_limit = 20'000, .family_series_limit = 10'000, .slot_count = 16};
};

TEST_F(FullTmpfsTest, CreationIsRefusedAndLeavesNothing) {
  Run([&] {
    Fill(64U << 10U);
    const std::uint64_t free_before = FreeBytes();
    const auto segment = Segment::AttachOrCreate(path_, kLarge);
    ASSERT_FALSE(segment.ok());
    EXPECT_EQ(segment.error().code, ErrorCode::kOutOfMemory);
    EXPECT_THAT(segment.error().message, ::testing::HasSubstr("full"));
    EXPECT_FALSE(std::filesystem::exists(path_));
    EXPECT_EQ(FreeBytes(), free_before);
    std::filesystem::remove(folder_ / "filler");
    EXPECT_TRUE(Segment::AttachOrCreate(path_, kLarge).ok());
  });
}

TEST_F(FullTmpfsTest, GrowthIsRefusedAndWhatIsThereGoesOn) {
  Run([&] {
    BareWorker worker(path_, kLarge);
    const FamilyDefinition users = CounterNamed("users_total", {"user"});
    worker.Set(GaugeNamed("depth", layout::GaugeMode::kSum), {}, 3);
    const auto family = worker.Register(users);
    ASSERT_TRUE(family.ok());
    std::vector<layout::SeriesRecord*> known;
    Result<layout::SeriesRecord*> last = known.emplace_back(nullptr);
    for (int i = 0; i < 10'000 && last.ok(); i++) {
      last = worker.directory().RegisterSeries(family.value(), testing::LabelValues{std::to_string(i)});
      if (last.ok()) known.push_back(last.value());
    }
    ASSERT_FALSE(last.ok());
    EXPECT_EQ(last.error().code, ErrorCode::kOutOfMemory);
    ASSERT_GT(known.size(), 100U);
    for (std::size_t i = 1; i < known.size(); i++) AddToCounter(worker.CellOf<std::uint64_t>(*known[i]), 1);
    AddToCounter(worker.CellOf<std::uint64_t>(*worker.directory().OverflowSeries(family.value())), 5);

    const auto reading = testing::Read(path_);  // a reader touches no hole either
    EXPECT_EQ(reading.Counter(R"(users_total{user="0"})"), 1U);
    EXPECT_EQ(reading.Counter(R"(users_total{otel_metric_overflow="true"})"), 5U);
    EXPECT_EQ(reading.Gauge("depth"), 3.0);
    EXPECT_EQ(reading.Refusals(layout::Refusal::kOutOfMemory), 1U);
    EXPECT_EQ(reading.snapshot().segment.series_count, known.size() - 1) << "a refused series kept its place";
  });
}

TEST_F(FullTmpfsTest, GrowthSucceedsOnceThereIsRoom) {
  Run([&] {
    BareWorker worker(path_, kLarge);
    Fill(0);
    const auto refused = worker.arena().AllocateRecord(500'000);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kOutOfMemory);
    std::filesystem::remove(folder_ / "filler");
    const auto at_once = worker.arena().AllocateRecord(500'000);
    ASSERT_FALSE(at_once.ok()) << "the kernel is asked again a second later";
    EXPECT_THAT(at_once.error().message, ::testing::HasSubstr("a moment ago"));
    testing::WaitUntil([&] { return worker.arena().AllocateRecord(500'000).ok(); });
  });
}

TEST_F(FullTmpfsTest, WorkerSlotNeedsNoRoom) {
  Run([&] {
    BareWorker worker(path_, kLarge);
    Fill(0);
    worker.Set(GaugeNamed("depth", layout::GaugeMode::kSum), {}, 3);  // its block was committed at creation
    EXPECT_EQ(testing::Read(path_).Gauge("depth"), 3.0);
  });
}

}  // namespace
}  // namespace shmetrics::shm

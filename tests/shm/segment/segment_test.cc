#include "shm/segment/segment.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <random>
#include <thread>
#include <vector>

#include "shm/segment/arena.h"
#include "shm/segment/segment_options.h"
#include "tests/support/bare_worker.h"
#include "tests/support/child.h"
#include "tests/support/private_folder.h"
#include "tests/support/segment_reading.h"
#include "tests/support/shared_page.h"

namespace shmetrics::shm {
namespace {

using testing::BareWorker;
using testing::Child;
using testing::CounterNamed;
using testing::PrivateFolder;
using testing::SharedPage;
using testing::SmallSegment;
using Access = Segment::Access;

class SegmentTest : public ::testing::Test {
 protected:
  ErrorCode CreationError(const SegmentOptions& options) {
    const auto segment = Segment::AttachOrCreate(path_, options);
    if (segment.ok()) return ErrorCode::kAbsent;
    EXPECT_NE(segment.error().message, "");
    EXPECT_FALSE(std::filesystem::exists(path_)) << "a refused creation left a file";
    return segment.error().code;
  }

  PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
};

TEST_F(SegmentTest, AttachNeverCreates) {
  const auto attached = Segment::Attach(path_, Access::kReadOnly);
  ASSERT_FALSE(attached.ok());
  EXPECT_EQ(attached.error().code, ErrorCode::kAbsent);
  EXPECT_THAT(attached.error().message, ::testing::HasSubstr(path_));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(SegmentTest, CreationKeepsTheOptions) {
  const auto created = Segment::AttachOrCreate(path_, SmallSegment());
  ASSERT_TRUE(created.ok()) << created.error().message;
  const layout::Header& header = created.value()->header();
  EXPECT_EQ(header.segment_bytes, 4U << 20U);
  EXPECT_EQ(header.series_limit, 1'000U);
  EXPECT_EQ(header.family_series_limit, 100U);
  EXPECT_EQ(header.slot_count, 16U);
  EXPECT_EQ(header.chain_count, layout::kFewestChains);
  EXPECT_LE(header.stripe_count, kAtomicStripes + 2);
  EXPECT_EQ(std::filesystem::file_size(path_), 4U << 20U);
}

TEST_F(SegmentTest, TheFirstCreatorDecidesTheOptions) {
  ASSERT_TRUE(Segment::AttachOrCreate(path_, SmallSegment()).ok());
  SegmentOptions other = SmallSegment();
  other.bytes = 64U << 20U;
  const auto attached = Segment::AttachOrCreate(path_, other);
  ASSERT_TRUE(attached.ok());
  EXPECT_EQ(attached.value()->header().segment_bytes, 4U << 20U);
}

TEST_F(SegmentTest, NewSegmentHasTakenLittleMemory) {
  SegmentOptions defaults;
  const auto created = Segment::AttachOrCreate(path_, defaults);
  ASSERT_TRUE(created.ok()) << created.error().message;
  struct stat status;
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 256 << 20);
  EXPECT_LE(static_cast<std::uint64_t>(status.st_blocks) * 512, 1'400'000U);
  EXPECT_EQ(static_cast<std::uint64_t>(status.st_blocks) * 512, created.value()->CommittedBytes());
}

TEST_F(SegmentTest, OptionsOutOfRangeAreRefused) {
  const auto with = [](auto change) {
    SegmentOptions options = SmallSegment();
    change(options);
    return options;
  };
  for (const SegmentOptions& bad : {
           with([](auto& o) { o.bytes = (1U << 20U) - 1; }),
           with([](auto& o) { o.bytes = (64ULL << 30U) + 1; }),
           with([](auto& o) { o.series_limit = 15, o.family_series_limit = 1; }),
           with([](auto& o) { o.series_limit = (1U << 24U) + 1; }),
           with([](auto& o) { o.family_series_limit = 0; }),
           with([](auto& o) { o.family_series_limit = o.series_limit + 1; }),
           with([](auto& o) { o.slot_count = 0; }),
           with([](auto& o) { o.slot_count = 65'537; }),
           with([](auto& o) { o.max_cpu_stripes = 4'097; }),
       }) {
    EXPECT_EQ(CreationError(bad), ErrorCode::kBadOption);
  }
}

TEST_F(SegmentTest, TablesThatDoNotFitAreRefused) {
  SegmentOptions options = SmallSegment();
  options.bytes = 1U << 20U;
  options.series_limit = 1U << 20U;
  EXPECT_EQ(CreationError(options), ErrorCode::kBadOption);
}

TEST_F(SegmentTest, SegmentsHaveIdentitiesOfTheirOwn) {
  const auto first = Segment::AttachOrCreate(folder_ / "a", SmallSegment());
  const auto second = Segment::AttachOrCreate(folder_ / "b", SmallSegment());
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(0, std::memcmp(first.value()->header().segment_id, second.value()->header().segment_id, 16));
  EXPECT_FALSE(first.value()->identity() == second.value()->identity());
}

TEST_F(SegmentTest, ReadOnlyMappingCannotBeWritten) {
  ASSERT_TRUE(Segment::AttachOrCreate(path_, SmallSegment()).ok());
  const auto reader = Segment::Attach(path_, Access::kReadOnly);
  ASSERT_TRUE(reader.ok());
  reader.value()->CountRefusal(layout::Refusal::kConflict);
  EXPECT_EQ(reader.value()->mutable_header().refusals[1].load(), 0U);
  EXPECT_EQ(testing::RunInChild([&] {
              signal(SIGSEGV, [](int) { _exit(77); });
              reader.value()->mutable_header().refusals[1].store(1);
            }),
            77);
}

TEST_F(SegmentTest, ReadersAndWritersKeepADescriptorThatCannotWrite) {
  const auto writer = Segment::AttachOrCreate(path_, SmallSegment());
  const auto reader = Segment::Attach(path_, Access::kReadOnly);
  ASSERT_TRUE(writer.ok() && reader.ok());
  for (const int probe : {writer.value()->probe_fd(), reader.value()->probe_fd()}) {
    EXPECT_EQ(fcntl(probe, F_GETFL) & O_ACCMODE, O_RDONLY);
  }
}

TEST_F(SegmentTest, WritesAreSeenThroughOtherMappings) {
  const auto one = Segment::AttachOrCreate(path_, SmallSegment());
  const auto two = Segment::Attach(path_, Access::kReadWrite);
  const auto reader = Segment::Attach(path_, Access::kReadOnly);
  ASSERT_TRUE(one.ok() && two.ok() && reader.ok());
  ASSERT_NE(one.value()->base(), two.value()->base());
  one.value()->CountRefusal(layout::Refusal::kConflict);
  two.value()->CountRefusal(layout::Refusal::kConflict);
  EXPECT_EQ(reader.value()->mutable_header().refusals[1].load(), 2U);
}

// Fault 26.
TEST_F(SegmentTest, SegmentLosesItsNameWhenTheFileIsRemoved) {
  const auto segment = Segment::AttachOrCreate(path_, SmallSegment());
  ASSERT_TRUE(segment.ok());
  EXPECT_EQ(segment.value()->CheckName(), Segment::Name::kKept);
  std::filesystem::remove(path_);
  EXPECT_EQ(segment.value()->CheckName(), Segment::Name::kLost);
  const auto next = Segment::AttachOrCreate(path_, SmallSegment());
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(segment.value()->CheckName(), Segment::Name::kLost) << "another file of the name is not this one";
  EXPECT_EQ(next.value()->CheckName(), Segment::Name::kKept);
  EXPECT_FALSE(segment.value()->identity() == next.value()->identity());
  segment.value()->CountRefusal(layout::Refusal::kConflict);  // the old mapping is still usable
  EXPECT_EQ(segment.value()->mutable_header().refusals[1].load(), 1U);
}

TEST_F(SegmentTest, ManyCreatorsAtOnceMakeOneSegment) {
  constexpr int kCreators = 24;
  struct Shared {
    std::atomic<bool> go;
    std::array<std::array<std::uint8_t, 16>, kCreators> ids;
  };
  for (int round = 0; round < 10; round++) {
    const std::string path = path_ + std::to_string(round);
    const SharedPage<Shared> shared;
    std::vector<Child> creators;
    for (int i = 0; i < kCreators; i++) {
      creators.emplace_back([&, i] {
        testing::WaitUntil([&] { return shared->go.load(); });
        const auto segment = Segment::AttachOrCreate(path, SmallSegment());
        ASSERT_TRUE(segment.ok()) << segment.error().message;
        std::memcpy(shared->ids[i].data(), segment.value()->header().segment_id, 16);
      });
    }
    shared->go = true;
    for (Child& creator : creators) ASSERT_EQ(creator.Wait(), 0);
    for (const auto& id : shared->ids) ASSERT_EQ(id, shared->ids[0]);
  }
}

TEST_F(SegmentTest, ThreadsThatCreateAtOnceMakeOneSegment) {
  std::vector<std::thread> threads;
  std::array<FileIdentity, 8> identities{};
  for (std::size_t i = 0; i < identities.size(); i++) {
    threads.emplace_back([&, i] {
      const auto segment = Segment::AttachOrCreate(path_, SmallSegment());
      if (segment.ok()) identities[i] = segment.value()->identity();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_NE(identities[0].inode, 0U);
  for (const FileIdentity& identity : identities) EXPECT_TRUE(identity == identities[0]);
}

// Fault 3, at random moments; crash_point_test.cc does it at chosen ones.
TEST_F(SegmentTest, CreatorsKilledAtRandomLeaveNoFileOrAWholeOne) {
  std::mt19937 random(3);
  for (int round = 0; round < 150; round++) {
    const SharedPage<std::atomic<bool>> begun;
    Child creator([&] {
      for (;;) {
        *begun = true;
        static_cast<void>(Segment::AttachOrCreate(path_, SmallSegment()));
        unlink(path_.c_str());
      }
    });
    testing::WaitUntil([&] { return begun->load(); });
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 1'000));
    creator.Kill();
    const auto attached = Segment::Attach(path_, Access::kReadOnly);
    if (!attached.ok()) {
      ASSERT_EQ(attached.error().code, ErrorCode::kAbsent) << attached.error().message;
    }
    BareWorker heir(path_);
    heir.Count(CounterNamed("after_total"), {}, std::uint64_t{1});
    ASSERT_EQ(testing::Read(path_).Counter("after_total"), 1U);
    std::filesystem::remove(path_);
    ASSERT_TRUE(std::filesystem::is_empty(folder_.path()));
  }
}

TEST_F(SegmentTest, NothingOutsideTheCommittedBytesIsHandedOut) {
  const auto created = Segment::AttachOrCreate(path_, SmallSegment());
  ASSERT_TRUE(created.ok());
  const Segment& segment = *created.value();
  const std::uint64_t end = segment.mutable_header().committed_front.load();
  const std::uint64_t bytes = segment.header().segment_bytes;
  EXPECT_NE(segment.At<std::uint64_t>(end - 8), nullptr);
  EXPECT_EQ(segment.At<std::uint64_t>(end - 12), nullptr) << "misaligned";
  EXPECT_EQ(segment.At<std::uint64_t>(end), nullptr);
  EXPECT_EQ(segment.At<std::uint64_t>(end - 8, 2), nullptr);
  EXPECT_EQ(segment.At<char>(0, UINT64_MAX), nullptr);
  EXPECT_EQ(segment.At<std::uint64_t>(8, UINT64_MAX / 8), nullptr) << "an overflowing size";
  EXPECT_EQ(segment.At<std::uint64_t>(UINT64_MAX - 7), nullptr);
  EXPECT_EQ(segment.AtRef<layout::Record>(0), nullptr);
  EXPECT_EQ(segment.AtRef<layout::Record>(UINT32_MAX), nullptr);

  EXPECT_EQ(segment.Cells(bytes - segment.block_bytes(), 8), nullptr) << "no block is committed yet";
  Arena arena(segment);
  const auto cells = arena.AllocateCells(8);
  ASSERT_TRUE(cells.ok());
  EXPECT_NE(segment.Cells(cells.value(), 8), nullptr);
  EXPECT_EQ(segment.Cells(cells.value() + 4, 8), nullptr) << "misaligned";
  EXPECT_EQ(segment.Cells(cells.value() + 8, 16), nullptr) << "misaligned for 16 bytes";
  EXPECT_EQ(segment.Cells(cells.value() + 4'080, 32), nullptr) << "crosses a page";
  EXPECT_EQ(segment.Cells(cells.value() + kStripeBytes, 8), nullptr) << "not of stripe 0";
  EXPECT_EQ(segment.Cells(cells.value() - segment.block_bytes(), 8), nullptr) << "the next block";
  EXPECT_EQ(segment.Cells(bytes, 8), nullptr);
  EXPECT_EQ(segment.Cells(UINT64_MAX - 7, 8), nullptr);
}

}  // namespace
}  // namespace shmetrics::shm

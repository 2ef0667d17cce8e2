#include "shm/segment/arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "tests/support/bare_worker.h"
#include "tests/support/child.h"
#include "tests/support/private_folder.h"
#include "tests/support/shared_page.h"

namespace shmetrics::shm {
namespace {

using testing::BareWorker;
using testing::Child;
using testing::PrivateFolder;
using testing::SharedPage;
using testing::SmallSegment;

struct Stretch {
  std::uint64_t begin;
  std::uint64_t bytes;
};

void ExpectDisjoint(std::vector<Stretch> stretches) {
  std::ranges::sort(stretches, {}, &Stretch::begin);
  for (std::size_t i = 1; i < stretches.size(); i++)
    ASSERT_LE(stretches[i - 1].begin + stretches[i - 1].bytes, stretches[i].begin);
}

class ArenaTest : public ::testing::Test {
 protected:
  /// The column of one allocation of cells, in every stripe.
  void AppendColumn(std::uint64_t begin, std::uint64_t bytes, std::vector<Stretch>* out) {
    for (std::uint32_t stripe = 0; stripe < segment_.header().stripe_count; stripe++)
      out->push_back({begin + stripe * kStripeBytes, bytes});
  }
  bool IsZero(const Stretch& stretch) {
    const char* begin = segment_.base() + stretch.begin;
    return std::all_of(begin, begin + stretch.bytes, [](char byte) { return byte == 0; });
  }

  PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
  BareWorker worker_{path_};
  Segment& segment_ = worker_.segment();
  Arena arena_{segment_};
};

TEST_F(ArenaTest, RecordsStandBehindTheTablesAndAreAligned) {
  for (const std::uint64_t bytes : {1U, 40U, 57U, 1'024U, 9'000U}) {
    for (const std::uint64_t alignment : {16U, 64U}) {
      const auto record = arena_.AllocateRecord(bytes, alignment);
      ASSERT_TRUE(record.ok());
      EXPECT_GE(record.value(), segment_.header().records_offset);
      EXPECT_EQ(record.value() % alignment, 0U);
      EXPECT_NE(segment_.At<char>(record.value(), bytes), nullptr) << "not committed";
    }
  }
}

TEST_F(ArenaTest, CellsOfOneSeriesStandInOnePageOfEveryStripe) {
  for (const std::uint64_t bytes : {8U, 16U, 8U, 4'096U, 8U, 2'064U, 2'064U, 48U}) {
    const auto cells = arena_.AllocateCells(bytes);
    ASSERT_TRUE(cells.ok());
    EXPECT_EQ(cells.value() % (bytes % 16 == 0 ? 16 : 8), 0U);
    EXPECT_EQ(cells.value() / kStripeBytes, (cells.value() + bytes - 1) / kStripeBytes);
    EXPECT_NE(segment_.Cells(cells.value(), bytes), nullptr);
  }
}

TEST_F(ArenaTest, NothingOverlapsUntilTheSegmentIsFull) {
  std::mt19937 random(5);
  std::vector<Stretch> stretches{{0, segment_.header().records_offset}};
  bool records_full = false, cells_full = false;
  while (!records_full || !cells_full) {
    const bool is_record = random() % 2 == 0;
    const std::uint64_t bytes = is_record           ? 1 + random() % 600
                                : random() % 2 == 0 ? 8
                                                    : 16 * (1 + random() % 256);
    const auto begin = is_record ? arena_.AllocateRecord(bytes) : arena_.AllocateCells(bytes);
    if (!begin.ok()) {
      ASSERT_EQ(begin.error().code, ErrorCode::kSegmentFull) << begin.error().message;
      (is_record ? records_full : cells_full) = true;
      continue;
    }
    std::vector<Stretch> added;
    if (is_record) added.push_back({begin.value(), bytes});
    if (!is_record) AppendColumn(begin.value(), bytes, &added);
    for (const Stretch& stretch : added) {
      ASSERT_TRUE(IsZero(stretch));
      std::memset(segment_.base() + stretch.begin, 0xa5, stretch.bytes);
      stretches.push_back(stretch);
    }
  }
  ExpectDisjoint(stretches);
  EXPECT_LE(stretches.back().begin + stretches.back().bytes, segment_.header().segment_bytes);
  EXPECT_GE(segment_.CommittedBytes(), segment_.header().segment_bytes * 9 / 10) << "full, but hardly used";
}

TEST_F(ArenaTest, AllocationLargerThanTheSegmentIsRefused) {
  EXPECT_EQ(arena_.AllocateRecord(segment_.header().segment_bytes).error().code, ErrorCode::kSegmentFull);
  EXPECT_EQ(arena_.AllocateRecord(std::uint64_t{1} << 40U).error().code, ErrorCode::kSegmentFull);
  EXPECT_TRUE(arena_.AllocateRecord(16).ok()) << "a refusal must not use anything up";
}

TEST_F(ArenaTest, SegmentGrowsAtBothEnds) {
  const std::uint64_t front = segment_.mutable_header().committed_front.load();
  ASSERT_TRUE(arena_.AllocateRecord(300'000).ok());
  EXPECT_GT(segment_.mutable_header().committed_front.load(), front);
  EXPECT_EQ(segment_.mutable_header().committed_blocks.load(), 0U);
  for (int i = 0; i < 513; i++) ASSERT_TRUE(arena_.AllocateCells(8).ok());
  EXPECT_EQ(segment_.mutable_header().committed_blocks.load(), 2U);
}

TEST_F(ArenaTest, ThreadsNeverGetTheSameBytes) {
  constexpr int kThreads = 6, kAllocations = 150;
  std::array<std::vector<Stretch>, kThreads> found;
  std::vector<std::thread> threads;
  for (auto& mine : found) {
    threads.emplace_back([&] {
      for (int i = 0; i < kAllocations; i++) {
        mine.push_back({arena_.AllocateRecord(200).value(), 200});
        AppendColumn(arena_.AllocateCells(48).value(), 48, &mine);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<Stretch> all;
  for (const auto& mine : found) all.insert(all.end(), mine.begin(), mine.end());
  EXPECT_EQ(all.size(), kThreads * kAllocations * (1U + segment_.header().stripe_count));
  ExpectDisjoint(all);
}

TEST_F(ArenaTest, ProcessesNeverGetTheSameBytes) {
  constexpr int kProcesses = 6, kAllocations = 150;
  struct Shared {
    std::atomic<bool> go;
    std::array<std::array<std::uint64_t, 2 * kAllocations>, kProcesses> begins;
  };
  const SharedPage<Shared> shared;
  std::vector<Child> children;
  for (int process = 0; process < kProcesses; process++) {
    children.emplace_back([&, process] {
      BareWorker worker(path_);
      testing::WaitUntil([&] { return shared->go.load(); });
      for (std::size_t i = 0; i < kAllocations; i++) {
        shared->begins[process][2 * i] = worker.arena().AllocateRecord(200).value();
        shared->begins[process][2 * i + 1] = worker.arena().AllocateCells(48).value();
      }
    });
  }
  shared->go = true;
  for (Child& child : children) ASSERT_EQ(child.Wait(), 0);
  std::vector<Stretch> all;
  for (const auto& mine : shared->begins) {
    for (std::size_t i = 0; i < kAllocations; i++) {
      all.push_back({mine[2 * i], 200});
      AppendColumn(mine[2 * i + 1], 48, &all);
    }
  }
  ExpectDisjoint(all);
}

}  // namespace
}  // namespace shmetrics::shm

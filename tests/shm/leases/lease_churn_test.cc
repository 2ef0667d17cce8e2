// Leases and their readers, while leases come and go as fast as they can: every reading is of one moment, so
// none shows more leases of a key than its limit, or a key that is not one.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "shm/leases/leases.h"
#include "shm/leases/ledger.h"
#include "shm/series/key_hash.h"
#include "shm/snapshot/lease_reader.h"
#include "tests/support/child.h"
#include "tests/support/lessee.h"
#include "tests/support/private_folder.h"
#include "tests/support/segment_reading.h"
#include "tests/support/shared_page.h"

namespace shmetrics::shm {
namespace {

using testing::Child;
using testing::Lessee;

constexpr std::uint32_t kLimit = 3;
constexpr int kReadings = 20'000;
constexpr std::uint64_t kAdmissions = 50'000;

/// Two users of one shard, so that their leases take turns on the same entries. Their names have no byte in
/// common, so a torn one shows.
std::array<std::string, 2> TwoUsersOfOneShard(const Segment& segment) {
  const auto shard_of = [&](std::string_view user) {
    return HashOfValues(segment.hash_key(), 0, {&user, 1}) % layout::kLeaseShards;
  };
  const std::string first(300, 'a');
  std::string second(220, 'b');
  for (std::size_t i = 0; shard_of(second) != shard_of(first); i++) {
    second[i / 8 % second.size()] = static_cast<char>('b' + i % 8);
  }
  return {first, second};
}

/// Shared by the reader and the workers.
struct Progress {
  std::atomic<bool> done;
  std::atomic<std::uint64_t> admitted;
  std::atomic<std::uint64_t> denied;
};

class LeaseChurnTest : public ::testing::Test {
 protected:
  /// Takes leases of both users until one is refused, then releases all; and again, until the reader is done.
  void Churn(Lessee& lessee, std::size_t first) {
    std::vector<HeldLease> held;
    for (std::size_t turn = first; !progress_->done.load(); turn++) {
      Result<HeldLease> lease = lessee.Acquire(users_[turn / 2 % 2], kLimit, testing::kMinuteNs);
      if (lease.ok()) {
        held.push_back(lease.value());
        progress_->admitted++;
      } else {
        ASSERT_TRUE(lease.error().code == ErrorCode::kLimitReached || lease.error().code == ErrorCode::kBusy)
            << lease.error().message;
        progress_->denied++;
      }
      if (lease.ok()) continue;
      for (const HeldLease& one : held) EXPECT_TRUE(lessee.Release(one));
      held.clear();
    }
  }
  std::string BlockOf(std::size_t user) const { return "user_id=\"" + users_[user] + "\""; }

  /// Reads and checks each reading, until both reader and workers have done enough.
  void ReadOn(const Segment& segment, layout::Ref family) {
    LeaseReader reader(segment);
    int full = 0;
    int shown = 0;
    while ((shown < kReadings || progress_->admitted.load() < kAdmissions) && !HasFailure()) {
      const LeaseReading reading = reader.Read([](auto, auto) { return true; });
      EXPECT_EQ(reading.skipped, 0U);
      std::uint64_t known = 0;
      for (std::size_t user = 0; user < users_.size(); user++) {
        const std::uint64_t count = reader.keys().LeasesOf(family, BlockOf(user));
        ASSERT_LE(count, kLimit);
        known += count;
        full += count == kLimit ? 1 : 0;
      }
      ASSERT_EQ(known, reading.live) << "a key was torn";
      shown += reading.live > 0 ? 1 : 0;
    }
    EXPECT_GT(full, 0) << "the limit was never reached";
    EXPECT_GT(progress_->denied.load(), 0U);
  }

  testing::PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
  const std::array<std::string, 2> users_ = TwoUsersOfOneShard(testing::BareWorker(path_).segment());
  testing::SharedPage<Progress> progress_;
};

TEST_F(LeaseChurnTest, NoReadingShowsMoreThanTheLimitOfAKeyOrATornKey) {
  Lessee lessee(path_);
  std::vector<Child> workers;
  for (std::size_t i = 0; i < 3; i++) {
    workers.emplace_back([&, i] {
      Lessee mine(path_);
      Churn(mine, i);
    });
  }
  const auto segment = Segment::Attach(path_, Segment::Access::kReadOnly).value();
  ReadOn(*segment, lessee.family());
  progress_->done = true;
  for (Child& worker : workers) EXPECT_EQ(worker.Wait(), 0);
}

TEST_F(LeaseChurnTest, NoSnapshotShowsMoreThanTheLimitWhileWorkersAreKilled) {
  Lessee lessee(path_);
  const auto new_worker = [&](std::size_t i) {
    return Child([&, i] {
      Lessee mine(path_);
      Churn(mine, i);
    });
  };
  std::vector<Child> workers;
  for (std::size_t i = 0; i < 3; i++) workers.push_back(new_worker(i));
  testing::SegmentReading reading(path_);
  for (int round = 0; round < 300 && !HasFailure(); round++) {
    for (int i = 0; i < 10; i++) {
      reading.Again();
      for (std::size_t user = 0; user < 2; user++) {
        EXPECT_LE(reading.Gauge("uploads{" + BlockOf(user) + "}").value_or(0), kLimit);
      }
      EXPECT_EQ(reading.snapshot().skipped.leases, 0U);
      ASSERT_NE(reading.Family("uploads"), nullptr);
      EXPECT_LE(reading.Family("uploads")->series.size(), 2U);
    }
    workers[round % 3] = new_worker(round);
  }
  progress_->done = true;
  for (Child& worker : workers) EXPECT_EQ(worker.Wait(), 0);
  EXPECT_GT(progress_->admitted.load(), 0U);
}

TEST_F(LeaseChurnTest, ThreadsThatTakeAndReleaseLeasesAreReadLikeProcesses) {
  Lessee lessee(path_);
  ASSERT_TRUE(lessee.worker().slot().Hold().ok());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < 2; i++) threads.emplace_back([&, i] { Churn(lessee, i); });
  ReadOn(lessee.worker().segment(), lessee.family());
  progress_->done = true;
  for (std::thread& thread : threads) thread.join();
}

/// Amounts of the ledger only grow within a day. A reader never sees a smaller one, nor a key that is none.
TEST_F(LeaseChurnTest, AReaderOfTheLedgerSeesEachKeysAmountGrow) {
  Lessee lessee(path_);
  std::vector<Child> workers;
  for (int i = 0; i < 3; i++) {
    workers.emplace_back([&] {
      Lessee mine(path_);
      Ledger ledger(mine.worker().segment(), mine.worker().arena());
      const auto without_limit = [](std::uint32_t) { return std::nullopt; };
      while (!progress_->done.load()) {
        for (const std::string& user : users_) {
          if (ledger.Spend(user, 1, Ledger::Intent::kSpend, without_limit).ok()) progress_->admitted++;
        }
      }
    });
  }
  const auto segment = Segment::Attach(path_, Segment::Access::kReadOnly).value();
  std::array<std::uint64_t, 2> before{};
  std::vector<LedgerRecord> records;
  testing::WaitUntil([&] { return progress_->admitted.load() > 100; });
  const std::int64_t today = UtcDay();
  for (int i = 0; i < 5'000 && !HasFailure(); i++) {
    ReadLedgerRecords(*segment, &records);
    ASSERT_EQ(records.size(), 2U);
    for (const LedgerRecord& record : records) {
      ASSERT_TRUE(record.key == users_[0] || record.key == users_[1]) << record.key;
      std::uint64_t& last = before[record.key == users_[0] ? 0 : 1];
      EXPECT_TRUE(record.amount >= last || record.day != today) << record.amount;
      last = record.amount;
    }
  }
  progress_->done = true;
  for (Child& worker : workers) EXPECT_EQ(worker.Wait(), 0);
  ReadLedgerRecords(*segment, &records);
  std::uint64_t sum = 0;
  for (const LedgerRecord& record : records) sum += record.amount;
  EXPECT_TRUE(sum == progress_->admitted.load() || UtcDay() != today) << "an amount was lost: " << sum;
}

}  // namespace
}  // namespace shmetrics::shm

#include "shm/leases/lease_shard.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>

#include "shm/layout/layout.h"
#include "shm/snapshot/snapshot.h"
#include "tests/support/child.h"
#include "tests/support/lessee.h"
#include "tests/support/private_folder.h"
#include "tests/support/segment_reading.h"
#include "tests/support/shared_page.h"

namespace shmetrics::shm {
namespace {

using testing::Child;
using testing::Lessee;

constexpr std::uint64_t kHash = 0;

class LeaseShardTest : public ::testing::Test {
 protected:
  /// A process that holds every shard and never releases it.
  Child HolderOfAll() {
    Child holder([this] {
      std::vector<LeaseShard> shards;
      for (std::uint64_t hash = 0; hash < layout::kLeaseShards; hash++) {
        shards.push_back(std::move(LeaseShard::Lock(lessee_.worker().segment(), hash).value()));
      }
      holding_->store(1);
      for (;;) pause();
    });
    testing::WaitUntil([this] { return holding_->load() == 1; });
    return holder;
  }
  const Segment& segment() { return lessee_.worker().segment(); }

  testing::PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
  Lessee lessee_{path_};
  testing::SharedPage<std::atomic<int>> holding_;
};

// Fault 7. "The life of a lease" in shm/README.md: a stopped holder delays others for the bounded wait; then
// they get kBusy.
TEST_F(LeaseShardTest, AStoppedHolderMakesDecisionsBusyWhichIsCountedAndIsNoDenial) {
  const HeldLease lease = lessee_.Acquire("42", 1, testing::kMinuteNs).value();
  const Child holder = HolderOfAll();
  holder.Signal(SIGSTOP);
  const Result<HeldLease> second = lessee_.Acquire("42", 2);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kBusy);
  EXPECT_EQ(lessee_.CountLive("42").error().code, ErrorCode::kBusy);
  EXPECT_EQ(testing::Read(path_).Refusals(layout::Refusal::kBusy), 2U);
  EXPECT_EQ(testing::Read(path_).Gauge(R"(uploads{user_id="42"})"), 1) << "readers do not wait";
  EXPECT_TRUE(Leases::Renew(lease, testing::kMinuteNs)) << "owners do not wait either";
  EXPECT_TRUE(lessee_.Release(lease));
}

TEST_F(LeaseShardTest, ADeadHolderIsSucceededAtOnceAndTheRecoveryIsCounted) {
  HolderOfAll().Kill();
  EXPECT_TRUE(lessee_.Acquire("42", 1).ok());
  EXPECT_FALSE(lessee_.Acquire("42", 1).ok());
  EXPECT_EQ(testing::Read(path_).snapshot().segment.mutex_recoveries, 1U);
}

TEST_F(LeaseShardTest, ARepairRebuildsTheIndexFromTheEntries) {
  for (int i = 0; i < 200; i++) ASSERT_TRUE(lessee_.Acquire("user" + std::to_string(i), 1).ok());
  Child holder = HolderOfAll();
  // Worse than what a death half-way could leave: no chain, no free list, no count.
  for (std::uint32_t shard = 0; shard < layout::kLeaseShards; shard++) {
    for (std::uint32_t i = 0; i < segment().header().lease_chain_count; i++) {
      segment().lease_chains(shard, Segment::LeaseChains::kLeases)[i].store(0);
    }
    segment().lease_shard(shard).leases.free.store(0);
    segment().lease_shard(shard).leases.entry_count.store(0);
  }
  holder.Kill();
  for (int i = 0; i < 200; i++) {
    EXPECT_EQ(lessee_.CountLive("user" + std::to_string(i)).value(), 1U);
    EXPECT_FALSE(lessee_.Acquire("user" + std::to_string(i), 1).ok());
  }
}

TEST_F(LeaseShardTest, AnUnrecoverableShardIsRefusedByNumberAndTheOthersWork) {
  HolderOfAll().Kill();
  RobustMutex given_up(&segment().lease_shard(kHash).mutex);
  ASSERT_EQ(given_up.TryLock(), RobustMutex::Outcome::kOwnerDied);
  given_up.Unlock();
  const Result<LeaseShard> shard = LeaseShard::Lock(segment(), kHash);
  ASSERT_FALSE(shard.ok());
  EXPECT_EQ(shard.error().code, ErrorCode::kUnrecoverable);
  EXPECT_EQ(testing::Read(path_).Refusals(layout::Refusal::kUnrecoverable), 1U);
  EXPECT_FALSE(LeaseShard::TryLock(segment(), kHash).has_value());
  EXPECT_TRUE(LeaseShard::Lock(segment(), kHash + 1).ok());
}

TEST_F(LeaseShardTest, ACircleInAChainIsRefusedAndNobodyLoopsInIt) {
  const HeldLease lease = lessee_.Acquire("42").value();
  const layout::Ref ref = segment().RefOf(lease.entry);
  lease.entry->head.next.store(ref);
  for (std::uint32_t shard = 0; shard < layout::kLeaseShards; shard++) {
    for (std::uint32_t i = 0; i < segment().header().lease_chain_count; i++) {
      segment().lease_chains(shard, Segment::LeaseChains::kLeases)[i].store(ref);
    }
  }
  const Result<HeldLease> second = lessee_.Acquire("7", 2);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(testing::Read(path_).Gauge(R"(uploads{user_id="42"})"), 1);
}

}  // namespace
}  // namespace shmetrics::shm

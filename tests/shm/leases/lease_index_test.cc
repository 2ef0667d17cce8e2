#include "shm/leases/lease_index.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "shm/leases/lease_clock.h"
#include "shm/leases/lease_shard.h"
#include "shm/leases/lease_state.h"
#include "shm/leases/returned_leases.h"
#include "tests/support/bare_worker.h"
#include "tests/support/private_folder.h"
#include "tests/support/whole_lease_index.h"

namespace shmetrics::shm {
namespace {

using layout::LeaseEntry;

/// Leases that the test makes and ends by itself, in one shard.
class LeaseIndexTest : public ::testing::Test {
 protected:
  LeaseEntry* Begin(const std::string& key, std::uint32_t slot, std::int64_t deadline) {
    LeaseEntry* entry = index_.table().TakeFree();
    if (entry == nullptr) {
      EXPECT_TRUE(shard_.GrowLeases(worker_.arena()).ok());
      entry = index_.table().TakeFree();
    }
    SetKey(entry, std::hash<std::string>()(key) << 20U, key);
    entry->owner_slot = slot;
    entry->owner_epoch = 0;  // as in a slot that was never claimed
    entry->state = {entry->state.generation + 1, deadline};
    index_.Add(entry);
    return entry;
  }
  void EndAndRemove(LeaseEntry* entry) {
    entry->state = {entry->state.generation + 1, 0};
    index_.Remove(entry);
  }
  std::uint32_t Count(const std::string& key) {
    return LeaseIndex::CountOf(index_.Find(std::hash<std::string>()(key) << 20U,
                                           [&](const LeaseEntry& entry) { return KeyOf(entry) == key; }));
  }
  void ExpectWhole() {
    EXPECT_TRUE(index_.is_whole());
    testing::ExpectWholeLeaseIndex(worker_.segment(), 0);
  }

  testing::PrivateFolder folder_;
  testing::BareWorker worker_{folder_ / "segment"};
  LeaseShard shard_ = std::move(LeaseShard::Lock(worker_.segment(), 0).value());
  LeaseIndex index_ = shard_.index();
  OwnerProbe nobody_{worker_.segment(), OwnerProbe::Asks::kNobody};
};

TEST_F(LeaseIndexTest, CountsTheLeasesOfEachKey) {
  LeaseEntry* first = Begin("a", 1, layout::kNoDeadline);
  Begin("a", 2, layout::kNoDeadline);
  LeaseEntry* third = Begin("a", 1, 5);
  Begin("b", 1, 5);
  EXPECT_EQ(Count("a"), 3U);
  EXPECT_EQ(Count("b"), 1U);
  EXPECT_EQ(Count("c"), 0U);
  EndAndRemove(first);
  EndAndRemove(third);
  EXPECT_EQ(Count("a"), 1U);
  ExpectWhole();
}

TEST_F(LeaseIndexTest, EndsWhatHasExpiredAndNothingElse) {
  for (std::uint32_t i = 1; i <= 50; i++) Begin("a", i % 3, i);
  LeaseEntry* renewed = Begin("a", 1, 10);
  renewed->state.deadline_ns = 100;
  Begin("b", 1, 1);
  index_.EndExpired(*renewed, 20, &nobody_);
  EXPECT_EQ(Count("a"), 31U);
  EXPECT_EQ(renewed->links.expires_ns, 100) << "it is not looked at again before that";
  EXPECT_EQ(Count("b"), 1U);
  ExpectWhole();
  index_.EndExpired(*renewed, 100, &nobody_);
  EXPECT_EQ(Count("a"), 0U);
  ExpectWhole();
}

TEST_F(LeaseIndexTest, EndsTheLeasesOfTheDeadHolderByHolder) {
  for (std::uint32_t i = 0; i < 60; i++) Begin("a", i % 6, i % 2 == 0 ? 1'000 : layout::kNoDeadline);
  LeaseEntry* other = Begin("b", 1, layout::kNoDeadline);
  // Slots 4 and 5 have had another owner since.
  for (const std::uint32_t slot : {4U, 5U}) worker_.segment().worker_slot(slot).epoch = 1;
  index_.EndOrphaned(*index_.Find(std::hash<std::string>()("a") << 20U, [](auto&) { return true; }), 1,
                     &nobody_);
  EXPECT_EQ(Count("a"), 40U);
  EXPECT_EQ(Count("b"), 1U);
  EndAndRemove(other);
  ExpectWhole();
}

TEST_F(LeaseIndexTest, StaysWholeWhateverBeginsAndEnds) {
  std::mt19937 random(1);
  std::vector<LeaseEntry*> live;
  for (int i = 0; i < 3'000 && !HasFailure(); i++) {
    if (live.empty() || random() % 5 < 3) {
      const std::int64_t deadline = random() % 3 == 0 ? layout::kNoDeadline : 1 + random() % 1'000;
      live.push_back(Begin("key" + std::to_string(random() % 5), random() % 4, deadline));
    } else {
      std::swap(live[random() % live.size()], live.back());
      EndAndRemove(live.back());
      live.pop_back();
    }
    if (i % 50 == 0) ExpectWhole();
  }
  std::uint32_t count = 0;
  for (int key = 0; key < 5; key++) count += Count("key" + std::to_string(key));
  EXPECT_EQ(count, live.size());
  index_.Rebuild();
  ExpectWhole();
  for (LeaseEntry* entry : live) EndAndRemove(entry);
  ExpectWhole();
}

TEST_F(LeaseIndexTest, WhatWasReturnedWithoutTheMutexIsTakenOutByItsNextHolder) {
  std::vector<LeaseEntry*> entries;
  for (int i = 0; i < 100; i++) entries.push_back(Begin("a", 1, layout::kNoDeadline));
  layout::LeaseShard& shared = worker_.segment().lease_shard(0);
  for (const std::size_t count :
       {std::size_t{1}, std::size_t{layout::ReturnedLeases::kMost}, std::size_t{50}}) {
    for (std::size_t i = 0; i < count; i++) {
      entries.back()->state = {entries.back()->state.generation + 1, 0};
      ReturnLease(worker_.segment(), &shared, *entries.back());
      ReturnLease(worker_.segment(), &shared, *entries.front());  // a word that comes too late
      entries.pop_back();
    }
    index_.TakeReturned();
    EXPECT_EQ(Count("a"), entries.size());
    ExpectWhole();
  }
}

TEST_F(LeaseIndexTest, AShortSearchComesRoundAndEndsWhatHasExpired) {
  for (int i = 0; i < 200; i++) Begin("a", 1, i % 2 == 0 ? 1 : layout::kNoDeadline);
  std::uint32_t freed = 0;
  for (int i = 0; i < 10; i++) freed += index_.SweepSome(2, &nobody_);
  EXPECT_EQ(freed, 100U);
  EXPECT_EQ(Count("a"), 100U);
  ExpectWhole();
}

TEST_F(LeaseIndexTest, ALinkThatDoesNotLeadBackIsNotFollowed) {
  LeaseEntry* first = Begin("a", 1, layout::kNoDeadline);
  LeaseEntry* second = Begin("a", 1, layout::kNoDeadline);
  first->links.next_of_holder = worker_.segment().RefOf(first);
  EndAndRemove(second);
  EXPECT_FALSE(index_.is_whole());
}

}  // namespace
}  // namespace shmetrics::shm

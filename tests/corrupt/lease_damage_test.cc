// Damage to leases and to the ledger while readers use them, one kind at a time (faults 24 and 25).

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "shm/layout/layout.h"
#include "tests/corrupt/live_damage.h"
#include "tests/support/child.h"

namespace shmetrics::testing {
namespace {

using shm::layout::EntryChunk;
using shm::layout::LeaseEntry;
using shm::layout::LeaseShard;
using shm::layout::LedgerEntry;
using shm::layout::Ref;

/// Damages the lease of 42.
auto ToLease(auto change) {
  return [change](DamagedSegment& s) { change(s, s.lease.entry); };
}
/// Changes its key. The new text must have the length of `user_id="42"` to replace the whole key.
auto Key(std::string text) {
  return ToLease([text](auto&, LeaseEntry* lease) {
    std::memcpy(static_cast<void*>(lease->key), text.data(), text.size());
  });
}
auto KeyBytes(std::uint32_t bytes) {
  return ToLease([bytes](auto&, LeaseEntry* lease) { lease->head.key_bytes = bytes; });
}
auto FirstChunk(auto ref_of) {
  return [ref_of](DamagedSegment& s) { s.Shard().leases.first_chunk = static_cast<Ref>(ref_of(s)); };
}
auto NextChunk(auto ref_of) {
  return [ref_of](DamagedSegment& s) { s.Chunk(&LeaseShard::leases)->next = static_cast<Ref>(ref_of(s)); };
}
/// Makes the lease of 42 a lease of a family that has no leases.
auto LeaseOf(auto record_of) {
  return ToLease(
      [record_of](DamagedSegment& s, LeaseEntry* lease) { lease->family = s.RefOf(record_of(s)); });
}
/// A free entry of the shard of 42.
LeaseEntry* Free(DamagedSegment& s) { return s.At<LeaseEntry>(s.Shard().leases.free.load()); }

class LeaseDamageTest : public ::testing::TestWithParam<Damage> {};

// Faults 24 and 25.
TEST_P(LeaseDamageTest, IsSurvivedAndCounted) { ExpectSurvived(GetParam()); }

const Damage kEntryDamages[] = {
    Damage{"E01_EndlessKey", kCounted, KeyBytes(UINT32_MAX)},
    Damage{"E02_KeyOneByteLongerThanAnEntry", kCounted, KeyBytes(shm::layout::kMaxKeyBytes + 1)},
    Damage{"E03_NoKey", kCounted, KeyBytes(0)},
    Damage{"E04_KeyCutShort", kCounted, KeyBytes(11)},
    Damage{"E05_KeyWithZerosBehindIt", kCounted, KeyBytes(20)},
    Damage{"E06_KeyThatIsNotUtf8", kCounted, Key("user_id=\"\xff\xfe\"")},
    Damage{"E07_KeyWithABareNewline", kCounted, Key("user_id=\"4\n\"")},
    Damage{"E08_KeyWithABareQuote", kCounted, Key("user_id=\"4\"\"")},
    Damage{"E09_KeyOfAnotherLabel", kCounted, Key("over_id=\"42\"")},
    Damage{"E10_KeyWithoutQuotes", kCounted, Key("user_id=1234")},
    Damage{"E11_KeyOfSomebodyElse", kHarmless, Key("user_id=\"43\"")},
    Damage{"E12_LeaseOfACounter", kCounted, LeaseOf([](auto& s) { return s.Family("counter_total"); })},
    Damage{"E13_LeaseOfAHistogram", kCounted, LeaseOf([](auto& s) { return s.Family("histogram"); })},
    Damage{"E14_LeaseOfAGaugeOfAnotherMode", kCounted, LeaseOf([](auto& s) { return s.Family("sum"); })},
    Damage{"E15_LeaseOfASeries", kCounted, LeaseOf([](auto& s) { return s.Series("sum", "x"); })},
    Damage{"E16_LeaseOfALease", kCounted, LeaseOf([](auto& s) { return s.lease.entry; })},
    Damage{"E17_LeaseOfNoFamily", kCounted, ToLease([](auto&, auto* lease) { lease->family = 0; })},
    Damage{"E18_FamilyOutOfTheSegment", kCounted,
           ToLease([](auto&, auto* lease) { lease->family = kNowhere; })},
    Damage{"E19_OwnerInNoSlot", kHarmless,
           ToLease([](auto&, auto* lease) { lease->owner_slot = UINT32_MAX; })},
    Damage{"E20_OwnerInTheSlotBehindTheLast", kHarmless,
           ToLease([](auto& s, auto* lease) { lease->owner_slot = s.worker.segment().header().slot_count; })},
    Damage{"E21_OwnerOfAnotherEpoch", kHarmless, ToLease([](auto&, auto* lease) { lease->owner_epoch++; })},
    Damage{"E22_DeadlineLongAgo", kHarmless,
           ToLease([](auto&, auto* lease) { lease->state.deadline_ns = INT64_MIN; })},
    Damage{"E23_GenerationEven", kHarmless, ToLease([](auto&, auto* lease) { lease->state.generation++; })},
    Damage{"E24_HashOfAnotherKey", kHarmless, ToLease([](auto&, auto* lease) { lease->head.hash++; })},
    Damage{"E28_ReservesEndlessly", kHarmless, ToLease([](auto&, auto* lease) {
             lease->amount = UINT64_MAX;
             lease->links.reserved = UINT64_MAX;
           })},
    Damage{"E25_EntryOfOnes", kCounted,
           ToLease([](auto&, auto* lease) { std::memset(static_cast<void*>(lease), 0xff, sizeof *lease); })},
    Damage{"E26_FreeEntryMadeALeaseOfNobody", kHarmless,
           [](DamagedSegment& s) {
             Free(s)->state = {1, shm::layout::kNoDeadline};
           }},
    Damage{"E27_FreeEntryMadeALeaseOfALivingWorker", kCounted,
           [](DamagedSegment& s) {
             Free(s)->owner_epoch = s.lease.entry->owner_epoch.load();
             Free(s)->owner_slot = s.lease.entry->owner_slot.load();
             Free(s)->state = {1, shm::layout::kNoDeadline};
           }},
};

INSTANTIATE_TEST_SUITE_P(Entries, LeaseDamageTest, ::testing::ValuesIn(kEntryDamages),
                         [](const auto& test) { return test.param.name; });

const Damage kChunkDamages[] = {
    Damage{"T01_ChunkFollowsItself", kCounted,
           NextChunk([](auto& s) { return s.Shard().leases.first_chunk.load(); })},
    Damage{"T02_ChunkLeadsOutOfTheSegment", kCounted, NextChunk([](auto&) { return kNowhere; })},
    Damage{"T03_ChunkLeadsIntoTheHole", kCounted,
           NextChunk([](auto& s) { return s.mutable_header().committed_front.load() / 16; })},
    Damage{"T04_ChunkLeadsOverTheEndOfTheFront", kCounted,
           NextChunk([](auto& s) { return s.mutable_header().committed_front.load() / 16 - 8; })},
    Damage{"T05_FirstChunkOutOfTheSegment", kCounted, FirstChunk([](auto&) { return kNowhere; })},
    Damage{"T06_FirstChunkMisaligned", kCounted,
           FirstChunk([](auto& s) { return s.Shard().leases.first_chunk.load() + 1; })},
    Damage{"T07_NoChunk", kHarmless, FirstChunk([](auto&) { return 0; })},
    Damage{"T08_ChunkOfOnes", kCounted,
           [](DamagedSegment& s) {
             std::memset(static_cast<void*>(s.Chunk(&LeaseShard::leases)), 0xff,
                         sizeof(EntryChunk) + shm::layout::kEntriesPerChunk * sizeof(LeaseEntry));
           }},
    Damage{"T09_CountsAbsurd", kHarmless,
           [](DamagedSegment& s) {
             s.Shard().leases.entry_count = UINT32_MAX;
             s.Shard().ledger.entry_count = UINT32_MAX;
           }},
    Damage{"T10_FreeListsNowhere", kHarmless,
           [](DamagedSegment& s) { s.Shard().leases.free = s.Shard().ledger.free = kNowhere; }},
    Damage{"T11_MutexOfOnes", kHarmless,
           [](DamagedSegment& s) {
             std::memset(static_cast<void*>(&s.Shard().mutex), 0xff, sizeof s.Shard().mutex);
           }},
    Damage{
        "T12_ChunkOfTheLedgerFollowsItself", kHarmless,
        [](DamagedSegment& s) { s.Chunk(&LeaseShard::ledger)->next = s.Shard().ledger.first_chunk.load(); }},
};

INSTANTIATE_TEST_SUITE_P(Chunks, LeaseDamageTest, ::testing::ValuesIn(kChunkDamages),
                         [](const auto& test) { return test.param.name; });

const Damage kAccountDamages[] = {
    Damage{"U01_EndlessKey", kHarmless, [](DamagedSegment& s) { s.Account()->head.key_bytes = UINT32_MAX; }},
    Damage{"U02_KeyThatIsNotUtf8", kHarmless, [](DamagedSegment& s) { s.Account()->key[0] = UINT64_MAX; }},
    Damage{"U03_EntryOfOnes", kHarmless,
           [](DamagedSegment& s) {
             LedgerEntry* account = s.Account();
             std::memset(static_cast<void*>(account), 0xff, sizeof *account);
           }},
    Damage{"U04_DayAtTheEndOfTime", kHarmless,
           [](DamagedSegment& s) {
             for (auto& day : s.Account()->days) day = {INT32_MAX, UINT32_MAX, UINT64_MAX};
           }},
    Damage{"U05_TierUnknown", kHarmless, [](DamagedSegment& s) { s.Account()->key_class = UINT32_MAX; }},
};

// Fault 24.
TEST(LeaseCircleTest, EveryLeaseInACircleOfChunksIsShownOnce) {
  DamagedSegment damaged;
  shm::SnapshotReader reader(damaged.AttachReader());
  shm::Snapshot before, after;
  reader.Read(&before);
  for (std::uint32_t shard = 0; shard < shm::layout::kLeaseShards; shard++) {
    for (auto* table : {&damaged.worker.segment().lease_shard(shard).leases,
                        &damaged.worker.segment().lease_shard(shard).ledger}) {
      if (auto* chunk = damaged.At<EntryChunk>(table->first_chunk)) chunk->next = table->first_chunk;
    }
  }
  reader.Read(&after);
  EXPECT_EQ(after.segment.leases, before.segment.leases);
  EXPECT_EQ(after.segment.lease_entries, before.segment.lease_entries);
  EXPECT_EQ(after.segment.ledger_entries, before.segment.ledger_entries);
}

// Like T01, but in all shards at once: each would spend what the others may.
// Fault 24.
TEST(LeaseCircleTest, ShardsThatAllLeadToOneChunkAreReadOnlySoFar) {
  DamagedSegment damaged;
  for (std::uint32_t shard = 0; shard < shm::layout::kLeaseShards; shard++) {
    damaged.worker.segment().lease_shard(shard).leases.first_chunk =
        damaged.Shard().leases.first_chunk.load();
  }
  shm::SnapshotReader reader(damaged.AttachReader());
  shm::Snapshot snapshot;
  reader.Read(&snapshot);
  ExpectSane(snapshot);
  EXPECT_EQ(WitnessOf(snapshot), 7U);
}

INSTANTIATE_TEST_SUITE_P(Accounts, LeaseDamageTest, ::testing::ValuesIn(kAccountDamages),
                         [](const auto& test) { return test.param.name; });

void Write(std::uint32_t* word, std::uint32_t value) {
  std::atomic_ref(*word).store(value, std::memory_order_relaxed);  // no order needed: that is the point
}

/// Switches every word of the lease of 42, of its account and of their tables between its value and values
/// that it must not have, until it is killed.
void FlipForEver(DamagedSegment& s) {
  struct Flip {
    std::uint32_t* word;
    std::uint32_t honest;
  };
  std::vector<Flip> flips;
  const auto add = [&](void* object, std::size_t bytes) {
    for (auto* word = static_cast<std::uint32_t*>(object); bytes > 0; word++, bytes -= sizeof *word) {
      flips.push_back({word, *word});
    }
  };
  add(s.lease.entry, 128);
  add(s.Account(), 128);
  add(&s.Shard().leases, sizeof s.Shard().leases + sizeof s.Shard().ledger);
  add(s.Chunk(&LeaseShard::leases), 4);
  add(s.Chunk(&LeaseShard::ledger), 4);
  std::mt19937_64 random(7);
  for (;;) {
    const Flip& flip = flips[random() % flips.size()];
    const std::uint32_t tempting[] = {flip.honest, 0, UINT32_MAX, static_cast<std::uint32_t>(random()),
                                      flip.honest + 1};
    Write(flip.word, tempting[random() % std::size(tempting)]);
    for (std::uint64_t i = random() % 4; i > 0; i--) sched_yield();
    Write(flip.word, flip.honest);
    for (std::uint64_t i = random() % 4; i > 0; i--) sched_yield();
  }
}

// Fault 25.
TEST(LeaseRaceTest, WhatChangesBetweenCheckAndUseIsCheckedAsItIsUsed) {
  DamagedSegment damaged;
  const Child flipper([&] { FlipForEver(damaged); });
  shm::SnapshotReader reader(damaged.AttachReader());
  shm::Snapshot snapshot;
  int with_damage = 0, without = 0;
  for (int i = 0; (i < 2'000 || with_damage < 10 || without < 10) && !::testing::Test::HasFailure(); i++) {
    reader.Read(&snapshot);
    ExpectSane(snapshot);
    ExpectSaneLedger(reader);
    EXPECT_EQ(WitnessOf(snapshot), 7U);
    (SkippedOf(snapshot) > 0 ? with_damage : without)++;
  }
}

}  // namespace
}  // namespace shmetrics::testing

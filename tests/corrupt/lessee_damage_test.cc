// Damaged leases and a damaged ledger while workers decide by them (faults 23 and 24). Each call ends, and
// either works or says that the segment is corrupt or full. The bytes of the mutexes are not damaged: the C
// library owns them and trusts them.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "shm/layout/layout.h"
#include "tests/corrupt/live_damage.h"

namespace shmetrics::testing {
namespace {

using shm::layout::EntryChunk;
using shm::layout::EntryTable;
using shm::layout::LeaseShard;
using shm::layout::Ref;

bool MayBeSaid(ErrorCode code) {
  switch (code) {
    case ErrorCode::kCorrupt:
    case ErrorCode::kLeaseTableFull:
    case ErrorCode::kLedgerFull:
    case ErrorCode::kSegmentFull:
    case ErrorCode::kLimitReached:
      return true;
    default:
      return false;
  }
}

/// Everything a worker does with the leases and the account of a user.
void UseAs(DamagedSegment& s, std::string_view user) {
  for (int i = 0; i < 12; i++) {  // more than the free entries of a shard
    const Result<shm::HeldLease> lease = s.Acquire(user, 100, i % 3 == 0 ? DamagedSegment::kHourNs : 0);
    if (lease.ok()) {
      shm::Leases::Renew(lease.value(), DamagedSegment::kHourNs);
      if (i % 2 == 0) s.leases.Release(lease.value());
    } else {
      EXPECT_TRUE(MayBeSaid(lease.error().code)) << lease.error().message;
    }
  }
  const Result<std::uint64_t> live = s.leases.CountLive(s.uploads, {&user, 1});
  EXPECT_TRUE(live.ok() || MayBeSaid(live.error().code)) << live.error().message;
  const Result<shm::Ledger::Decision> spent = s.Spend(user, 1);
  EXPECT_TRUE(spent.ok() || MayBeSaid(spent.error().code)) << spent.error().message;
  const Result<void> set = s.ledger.SetClass(user, 2);
  EXPECT_TRUE(set.ok() || MayBeSaid(set.error().code)) << set.error().message;
  const Result<void> restored = s.ledger.Restore({std::string(user), 1, 1, 1});
  EXPECT_TRUE(restored.ok() || MayBeSaid(restored.error().code)) << restored.error().message;
}

/// Calls UseAs for several users, and reads what the worker has left.
void ExpectUsable(DamagedSegment& s) {
  shm::Leases::IsLive(s.lease);
  shm::Leases::Renew(s.lease, DamagedSegment::kHourNs);
  UseAs(s, DamagedSegment::kUser);
  UseAs(s, "user1");
  UseAs(s, std::string(250, 'n'));
  shm::SnapshotReader reader(s.AttachReader());
  shm::Snapshot snapshot;
  reader.Read(&snapshot);
  ExpectSane(snapshot);
  ExpectSaneLedger(reader);
  EXPECT_EQ(WitnessOf(snapshot), 7U);
}

class LesseeDamageTest : public ::testing::TestWithParam<Damage> {};

TEST_P(LesseeDamageTest, EveryDecisionEnds) {
  DamagedSegment damaged;
  GetParam().damage(damaged);
  ExpectUsable(damaged);
}

std::atomic<Ref>& HeadOfLease(DamagedSegment& s) {
  const std::uint64_t chain =
      (s.lease.entry->head.hash >> 32U) & (s.worker.segment().header().lease_chain_count - 1);
  return s.worker.segment().lease_chains(s.ShardNumber(), shm::Segment::LeaseChains::kLeases)[chain];
}
auto Own(auto* entry, DamagedSegment& s) { return s.RefOf(entry); }

const Damage kDamages[] = {
    Damage{"H01_ChainInACircle", kHarmless,
           [](DamagedSegment& s) { s.lease.entry->head.next = Own(s.lease.entry, s); }},
    Damage{"H02_ChainInACircleAndCountAbsurd", kHarmless,
           [](DamagedSegment& s) {
             s.lease.entry->head.next = Own(s.lease.entry, s);
             s.Shard().leases.entry_count = UINT32_MAX;
           }},
    Damage{"H03_ChainLeadsNowhere", kHarmless,
           [](DamagedSegment& s) { s.lease.entry->head.next = kNowhere; }},
    Damage{"H04_HeadLeadsNowhere", kHarmless, [](DamagedSegment& s) { HeadOfLease(s) = kNowhere; }},
    Damage{"H05_HeadLeadsIntoAnAccount", kHarmless,
           [](DamagedSegment& s) { HeadOfLease(s) = s.RefOf(s.Account()); }},
    Damage{"H06_FreeListInACircle", kHarmless,
           [](DamagedSegment& s) {
             auto* free = s.At<shm::layout::LeaseEntry>(s.Shard().leases.free);
             free->head.next = Own(free, s);
           }},
    Damage{"H07_FreeListLeadsNowhere", kHarmless,
           [](DamagedSegment& s) { s.Shard().leases.free = s.Shard().ledger.free = kNowhere; }},
    Damage{"H08_FreeListLeadsToALease", kHarmless,
           [](DamagedSegment& s) { s.Shard().leases.free = Own(s.lease.entry, s); }},
    Damage{"H09_ChunksInACircle", kHarmless,
           [](DamagedSegment& s) {
             for (auto table : {&LeaseShard::leases, &LeaseShard::ledger}) {
               s.Chunk(table)->next = (s.Shard().*table).first_chunk;
               (s.Shard().*table).free = 0;
             }
           }},
    Damage{"H10_ChunksInACircleAndCountAbsurd", kHarmless,
           [](DamagedSegment& s) {
             for (auto table : {&LeaseShard::leases, &LeaseShard::ledger}) {
               s.Chunk(table)->next = (s.Shard().*table).first_chunk;
               (s.Shard().*table).free = 0;
               (s.Shard().*table).entry_count = UINT32_MAX;
             }
           }},
    Damage{"H11_ChunksLeadNowhere", kHarmless,
           [](DamagedSegment& s) {
             for (auto table : {&LeaseShard::leases, &LeaseShard::ledger}) {
               (s.Shard().*table).first_chunk = kNowhere;
               (s.Shard().*table).free = 0;
             }
           }},
    Damage{"H12_CountZero", kHarmless,
           [](DamagedSegment& s) { s.Shard().leases.entry_count = s.Shard().ledger.entry_count = 0; }},
    Damage{"H13_EndlessKeys", kHarmless,
           [](DamagedSegment& s) {
             s.lease.entry->head.key_bytes = UINT32_MAX;
             s.Account()->head.key_bytes = UINT32_MAX;
           }},
    Damage{"H14_OwnerInNoSlot", kHarmless, [](DamagedSegment& s) { s.lease.entry->owner_slot = UINT32_MAX; }},
    Damage{"H15_GenerationAtItsEnd", kHarmless,
           [](DamagedSegment& s) { s.lease.entry->state.generation = UINT64_MAX; }},
    Damage{"H16_DeadlineAtTheBeginningOfTime", kHarmless,
           [](DamagedSegment& s) { s.lease.entry->state.deadline_ns = INT64_MIN; }},
    Damage{"H17_EntriesOfOnes", kHarmless,
           [](DamagedSegment& s) {
             std::memset(static_cast<void*>(s.lease.entry), 0xff, sizeof *s.lease.entry);
             std::memset(static_cast<void*>(s.Account()), 0xff, 384);
           }},
};

INSTANTIATE_TEST_SUITE_P(Numbered, LesseeDamageTest, ::testing::ValuesIn(kDamages),
                         [](const auto& test) { return test.param.name; });

/// Writes random words into all parts of leases and the ledger, except the mutexes.
class RandomDamage {
 public:
  explicit RandomDamage(DamagedSegment& s) : s_(s), random_(21) {
    for (std::uint32_t shard = 0; shard < shm::layout::kLeaseShards; shard++) {
      LeaseShard& it = s.worker.segment().lease_shard(shard);
      Add(&it.leases, 2 * sizeof(EntryTable));
      Add(&it.returned, sizeof it.returned);
      for (const Ref chunk : {it.leases.first_chunk.load(), it.ledger.first_chunk.load()}) {
        if (chunk != 0) Add(s.At<char>(chunk), sizeof(EntryChunk) + 8 * sizeof(shm::layout::LeaseEntry));
      }
    }
    Add(s.worker.segment().lease_chains(0, shm::Segment::LeaseChains::kLeases),
        shm::layout::kChainKinds * shm::layout::kLeaseShards * s.worker.segment().header().lease_chain_count *
            sizeof(Ref));
  }
  void Plant() {
    for (std::uint64_t words = 1 + random_() % 200; words > 0; words--) {
      const Area& area = areas_[random_() % areas_.size()];
      char* at = area.begin + random_() % (area.bytes / 4) * 4;
      const Ref refs[] = {s_.RefOf(areas_[random_() % areas_.size()].begin), s_.RefOf(s_.lease.entry)};
      std::uint32_t word;
      std::memcpy(&word, at, sizeof word);
      const std::uint32_t tempting[] = {0, 1, UINT32_MAX, word + 1, refs[0], refs[0] + 4, refs[1], 48};
      word = tempting[random_() % std::size(tempting)];
      std::memcpy(at, &word, sizeof word);
    }
  }

 private:
  struct Area {
    char* begin;
    std::size_t bytes;
  };
  void Add(void* begin, std::size_t bytes) { areas_.push_back({static_cast<char*>(begin), bytes}); }

  DamagedSegment& s_;
  std::mt19937_64 random_;
  std::vector<Area> areas_;
};

TEST(LesseeDamagesTest, ManyRandomOnesAreSurvived) {
  for (int segment = 0; segment < 50 && !::testing::Test::HasFailure(); segment++) {
    DamagedSegment damaged;
    RandomDamage damage(damaged);
    for (int i = 0; i < 40 && !::testing::Test::HasFailure(); i++) {
      SCOPED_TRACE("segment " + std::to_string(segment) + ", damage " + std::to_string(i));
      damage.Plant();
      ExpectUsable(damaged);
    }
  }
}

}  // namespace
}  // namespace shmetrics::testing

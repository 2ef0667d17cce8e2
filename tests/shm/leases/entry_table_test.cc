#include "shm/leases/entry_table.h"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "shm/layout/layout.h"
#include "shm/leases/lease_shard.h"
#include "tests/support/bare_worker.h"
#include "tests/support/private_folder.h"

namespace shmetrics::shm {
namespace {

using layout::LeaseEntry;

/// The upper half of a hash chooses the chain.
constexpr std::uint64_t kOneChain = 0, kAnotherChain = 1ULL << 32U;

class EntryTableTest : public ::testing::Test {
 protected:
  void Grow() { ASSERT_TRUE(shard_.GrowLeases(worker_.arena()).ok()); }
  LeaseEntry* Put(std::string_view key, std::uint64_t hash = kOneChain) {
    LeaseEntry* entry = table_.TakeFree();
    if (entry == nullptr) throw std::runtime_error("the test has not grown its table");
    SetKey(entry, hash, key);
    entry->state.generation++;
    table_.Insert(entry);
    return entry;
  }
  /// The keys in a chain, in its order. Nothing if the chain leads nowhere.
  std::optional<std::vector<std::string>> Walk(std::uint64_t hash = kOneChain) {
    std::vector<std::string> keys;
    const bool is_whole =
        table_.ForEachInChain(hash, [&](LeaseEntry& entry) { keys.emplace_back(KeyOf(entry)); });
    return is_whole ? std::optional(keys) : std::nullopt;
  }
  std::size_t FreeEntries() {
    std::size_t count = 0;
    std::vector<LeaseEntry*> taken;
    for (LeaseEntry* entry = table_.TakeFree(); entry != nullptr; entry = table_.TakeFree()) {
      taken.push_back(entry);
    }
    count = std::set(taken.begin(), taken.end()).size();
    EXPECT_EQ(count, taken.size()) << "an entry is in the free list twice";
    for (LeaseEntry* entry : taken) table_.GiveBack(entry);
    return count;
  }
  void Rebuild() {
    table_.Rebuild([](const LeaseEntry& entry) { return IsInUse(entry); },
                   [this](LeaseEntry* entry) { table_.Insert(entry); });
  }
  layout::EntryTable& index() { return segment().lease_shard(0).leases; }
  std::size_t Visits() {
    std::size_t visits = 0;
    table_.ForEach([&](LeaseEntry&) { visits++; });
    return visits;
  }
  const Segment& segment() { return worker_.segment(); }

  testing::PrivateFolder folder_;
  testing::BareWorker worker_{folder_ / "segment"};
  LeaseShard shard_ = std::move(LeaseShard::Lock(worker_.segment(), 0).value());
  EntryTable<LeaseEntry> table_ = shard_.leases();
};

TEST_F(EntryTableTest, ATableIsEmptyUntilItGrowsByOneChunk) {
  EXPECT_EQ(table_.TakeFree(), nullptr);
  EXPECT_EQ(Visits(), 0U);
  Grow();
  EXPECT_EQ(table_.entry_count(), layout::kEntriesPerChunk);
  EXPECT_EQ(FreeEntries(), layout::kEntriesPerChunk);
  Grow();
  EXPECT_EQ(FreeEntries(), 2 * layout::kEntriesPerChunk);
  EXPECT_EQ(Visits(), 2 * layout::kEntriesPerChunk);
}

TEST_F(EntryTableTest, AnEntryIsFoundInTheChainOfItsHashAndInNoOther) {
  Grow();
  Put("a", kOneChain);
  Put("b", kAnotherChain);
  Put("c", kOneChain);
  EXPECT_EQ(Walk(kOneChain), (std::vector<std::string>{"c", "a"}));
  EXPECT_EQ(Walk(kAnotherChain), std::vector<std::string>{"b"});
}

TEST_F(EntryTableTest, AWalkInPartsComesToEachChunkAndBeginsAnewAfterTheLast) {
  for (int i = 0; i < 5; i++) Grow();
  std::multiset<LeaseEntry*> visited;
  const auto visit = [&](LeaseEntry& entry) { visited.insert(&entry); };
  for (int i = 0; i < 3; i++) table_.ForSome(2, visit);
  EXPECT_EQ(visited.size(), 5 * layout::kEntriesPerChunk) << "no call comes to an entry twice";
  EXPECT_EQ(std::set(visited.begin(), visited.end()).size(), visited.size());
  table_.ForSome(2, visit);
  EXPECT_EQ(visited.size(), 7 * layout::kEntriesPerChunk);
}

TEST_F(EntryTableTest, AKeyOfAnyLengthIsReadBackAndLeavesNothingOfALongerOne) {
  Grow();
  LeaseEntry* entry = table_.TakeFree();
  for (std::size_t bytes = layout::kMaxKeyBytes; bytes + 1 > 0; bytes--) {
    const std::string key(bytes, static_cast<char>('a' + bytes % 26));
    SetKey(entry, 42, key);
    ASSERT_EQ(KeyOf(*entry), key);
    ASSERT_EQ(entry->head.hash.load(), 42U);
  }
}

// Fault 24.
TEST_F(EntryTableTest, AKeyLongerThanAnEntryIsCutAtItsEnd) {
  Grow();
  LeaseEntry* entry = Put("a");
  entry->head.key_bytes.store(UINT32_MAX);
  EXPECT_EQ(KeyOf(*entry).size(), layout::kMaxKeyBytes);
}

TEST_F(EntryTableTest, ARebuildUsesOnlyTheEntriesAndASecondOneChangesNothing) {
  Grow();
  Grow();
  for (const char* key : {"a", "b", "c"}) Put(key);
  Put("d", kAnotherChain);
  // Worse than what any death could leave.
  index().free.store(UINT32_MAX);
  index().entry_count.store(3);
  segment().lease_chains(0, Segment::LeaseChains::kLeases)[0].store(UINT32_MAX);
  for (int i = 0; i < 2; i++) {
    Rebuild();
    const std::vector<std::string> keys = Walk().value();
    EXPECT_EQ(std::set(keys.begin(), keys.end()), (std::set<std::string>{"a", "b", "c"}));
    EXPECT_EQ(Walk(kAnotherChain), std::vector<std::string>{"d"});
    EXPECT_EQ(table_.entry_count(), 2 * layout::kEntriesPerChunk);
    EXPECT_EQ(FreeEntries(), 2 * layout::kEntriesPerChunk - 4);
  }
}

TEST_F(EntryTableTest, LeasesAndLedgerOfOneShardHaveTablesOfTheirOwn) {
  Grow();
  Put("a");
  EXPECT_EQ(shard_.ledger().entry_count(), 0U);
  ASSERT_TRUE(shard_.GrowLedger(worker_.arena()).ok());
  layout::LedgerEntry* user = shard_.ledger().TakeFree();
  SetKey(user, kOneChain, "user");
  shard_.ledger().Insert(user);
  EXPECT_EQ(Walk(), std::vector<std::string>{"a"});
}

// Fault 24.
TEST_F(EntryTableTest, AWalkStopsInAChainThatLeadsNowhereOrInACircleAndSaysSo) {
  Grow();
  LeaseEntry* entry = Put("a");
  for (const layout::Ref ref : {UINT32_MAX, segment().RefOf(entry) + 1, segment().RefOf(entry)}) {
    entry->head.next.store(ref);
    EXPECT_EQ(Walk(), std::nullopt) << ref;
  }
}

// Fault 24: two damages at once, because the count of entries is the bound on a walk in a circle.
TEST_F(EntryTableTest, AWalkInACircleEndsThoughTheCountOfEntriesAllowsBillionsOfSteps) {
  Grow();
  LeaseEntry* entry = Put("a");
  index().entry_count.store(UINT32_MAX);
  const std::uint64_t most = segment().header().segment_bytes / sizeof(LeaseEntry);
  EXPECT_LE(table_.entry_count(), most);
  entry->head.next.store(segment().RefOf(entry));
  EXPECT_EQ(Walk(), std::nullopt);
  const layout::Ref first = index().first_chunk.load();
  segment().AtRef<layout::EntryChunk>(first)->next = first;
  EXPECT_LE(Visits(), most);
}

// Fault 24.
TEST_F(EntryTableTest, AChunkThatLeadsNowhereEndsTheWalkOverAllEntries) {
  Grow();
  Grow();
  segment().AtRef<layout::EntryChunk>(index().first_chunk.load())->next = UINT32_MAX;
  EXPECT_EQ(Visits(), layout::kEntriesPerChunk);
  Rebuild();
  EXPECT_EQ(FreeEntries(), layout::kEntriesPerChunk);
}

}  // namespace
}  // namespace shmetrics::shm

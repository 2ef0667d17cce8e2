#include "tests/support/whole_lease_index.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <tuple>

#include "shm/leases/entry_table.h"
#include "shm/leases/lease_state.h"

namespace shmetrics::testing {
namespace {

using shm::layout::LeaseEntry;
using shm::layout::Ref;

class Walk {
 public:
  Walk(const shm::Segment& segment, std::uint32_t shard)
      : segment_(segment), shard_(shard), table_(segment.lease_shard(shard).leases) {}

  void Go() {
    Free();
    const auto* keys = segment_.lease_chains(shard_, shm::Segment::LeaseChains::kLeases);
    const auto* holders = segment_.lease_chains(shard_, shm::Segment::LeaseChains::kHolders);
    for (std::uint32_t i = 0; i < segment_.header().lease_chain_count && IsOn(); i++) {
      for (Ref ref = keys[i]; ref != 0 && IsOn(); ref = At(ref)->head.next) Key(ref);
      for (Ref ref = holders[i]; ref != 0 && IsOn(); ref = At(ref)->links.next_in_holder_chain) {
        EXPECT_TRUE(holders_.insert(ref).second) << "a holder is in two chains, or in a circle";
      }
    }
    EXPECT_EQ(holders_, met_holders_) << "the chains of holders hold others than the keys";
    EXPECT_EQ(met_.size(), CountEntries());
    EXPECT_EQ(table_.entry_count.load(), CountEntries());
  }

 private:
  static bool IsOn() { return !::testing::Test::HasFailure(); }
  const LeaseEntry* At(Ref ref) {
    const auto* entry = segment_.AtRef<LeaseEntry>(ref);
    if (entry == nullptr) throw std::runtime_error("a link leads nowhere");
    return entry;
  }
  void Meet(Ref ref) { EXPECT_TRUE(met_.insert(ref).second) << "an entry is in two places, or in a circle"; }

  void Free() {
    for (Ref ref = table_.free; ref != 0 && IsOn(); ref = At(ref)->head.next) {
      Meet(ref);
      EXPECT_FALSE(shm::IsInUse(*At(ref))) << "an entry in use is listed as free";
      EXPECT_EQ(At(ref)->links.is_listed, 0U);
    }
  }
  void Key(Ref first) {
    EXPECT_TRUE(keys_.insert({At(first)->family, std::string(shm::KeyOf(*At(first)))}).second)
        << "a key is there twice";
    std::uint32_t count = 0;
    std::uint64_t reserved = 0;
    in_heap_.clear();
    std::set<std::tuple<std::uint32_t, std::uint64_t>> owners;
    Ref before = 0;
    for (Ref holder = first; holder != 0 && IsOn(); before = holder, holder = At(holder)->links.next_holder) {
      EXPECT_EQ(At(holder)->links.previous_holder, before);
      EXPECT_TRUE(owners.insert({At(holder)->owner_slot, At(holder)->owner_epoch}).second)
          << "a holder is there twice";
      met_holders_.insert(holder);
      Ref previous = 0;
      for (Ref ref = holder; ref != 0 && IsOn();
           previous = ref, ref = At(ref)->links.next_of_holder, count++) {
        Meet(ref);
        EXPECT_EQ(At(ref)->links.previous_of_holder, previous);
        reserved += At(ref)->amount;
        EXPECT_EQ(At(ref)->links.is_listed, 1U);
        EXPECT_EQ(shm::KeyOf(*At(ref)), shm::KeyOf(*At(first)));
        EXPECT_EQ(At(ref)->owner_slot, At(holder)->owner_slot);
        EXPECT_EQ(At(ref)->owner_epoch, At(holder)->owner_epoch);
        if (At(ref)->links.expires_ns != shm::layout::kNoDeadline) in_heap_.insert(ref);
        EXPECT_LE(At(ref)->links.expires_ns, shm::IsInUse(*At(ref)) ? At(ref)->state.deadline_ns : INT64_MAX);
      }
    }
    EXPECT_EQ(At(first)->links.count, count);
    EXPECT_EQ(At(first)->links.reserved, reserved);
    Heap(At(first)->links.root, 0);
    EXPECT_TRUE(in_heap_.empty()) << "a lease with a deadline is not in the heap";
  }
  /// Returns the rank.
  std::uint32_t Heap(Ref ref, Ref above) {
    if (ref == 0 || !IsOn()) return 0;
    EXPECT_EQ(in_heap_.erase(ref), 1U) << "the heap has what it must not have";
    EXPECT_EQ(At(ref)->links.above, above);
    if (above != 0) {
      EXPECT_LE(At(above)->links.expires_ns, At(ref)->links.expires_ns);
    }
    const std::uint32_t left = Heap(At(ref)->links.left, ref), right = Heap(At(ref)->links.right, ref);
    EXPECT_GE(left, right);
    EXPECT_EQ(At(ref)->links.rank, right + 1);
    return right + 1;
  }
  std::size_t CountEntries() {
    std::size_t entries = 0;
    for (Ref ref = table_.first_chunk; ref != 0; ref = segment_.AtRef<shm::layout::EntryChunk>(ref)->next)
      entries += shm::layout::kEntriesPerChunk;
    return entries;
  }

  const shm::Segment& segment_;
  std::uint32_t shard_;
  const shm::layout::EntryTable& table_;
  std::set<Ref> met_, holders_, met_holders_, in_heap_;
  std::set<std::tuple<Ref, std::string>> keys_;
};

}  // namespace

void ExpectWholeLeaseIndex(const shm::Segment& segment, std::uint32_t shard) { Walk(segment, shard).Go(); }

}  // namespace shmetrics::testing

#ifndef SHMETRICS_SHM_LEASES_LEASE_INDEX_H_
#define SHMETRICS_SHM_LEASES_LEASE_INDEX_H_

// Lease index: a shard's leases by key, by holder and by the time at which they expire. It answers without a
// walk over the leases of a key, however many there are: how many the key has, which have expired, and who
// holds them.
//
//   key      the chain of its hash leads to its first lease, which has the count, the sum of what the leases
//            reserve, and the root of the heap
//   holder   one owner of leases of the key, represented by one of these leases: the holders of a key are a
//            list, which begins at the key's first lease. A chain of its own finds a holder
//   lease    the other leases of a holder are a list that begins at that one
//
// Only the holder of the shard's mutex may use it. If it dies, the index stays as it is at that instruction,
// and the next holder makes it anew from the entries (Rebuild). So the order of the stores does not matter.
//
// The bytes are input, as everywhere: each link is followed only if it leads back. Otherwise the index is not
// whole from then on, and says so.

#include <cstdint>
#include <optional>

#include "shm/layout/layout.h"
#include "shm/leases/entry_table.h"
#include "shm/leases/owner_probe.h"
#include "shm/segment/segment.h"

namespace shmetrics::shm {

class LeaseIndex {
 public:
  using Table = EntryTable<layout::LeaseEntry>;
  using Ref = layout::Ref;

  LeaseIndex(const Segment& segment, std::uint32_t shard);

  /// The entries, their free list and the chains of keys.
  Table& table() { return table_; }

  /// The first lease of the key of this hash for which is_of_key(entry) is true; null if it has none.
  template <class IsOfKey>
  const layout::LeaseEntry* Find(std::uint64_t hash, IsOfKey is_of_key) {
    std::atomic<Ref>* link = LinkOf(hash, is_of_key);
    return link == nullptr ? nullptr : Next(*link);
  }
  /// How many leases the key with this first lease has: those that are live, and those whose end nobody has
  /// noticed yet. 0 for null.
  static std::uint32_t CountOf(const layout::LeaseEntry* first);
  /// The sum of what these leases reserve.
  static std::uint64_t ReservedBy(const layout::LeaseEntry* first);

  /// Adds a lease that has begun.
  void Add(layout::LeaseEntry* entry);
  /// Takes an ended lease out, and gives its entry back. Does nothing if it is not in the index.
  void Remove(layout::LeaseEntry* entry);

  /// Ends the leases that have expired, of the key of this lease, and takes them out. The entry's key is all
  /// that is read, so it may be one of those that end.
  void EndExpired(const layout::LeaseEntry& of_key, std::int64_t now, OwnerProbe* probe);
  /// The same with the leases of the dead. Asks once for each holder.
  void EndOrphaned(const layout::LeaseEntry& of_key, std::int64_t now, OwnerProbe* probe);
  /// Both, for all keys of this hash. True if leases are left then.
  bool HasLive(std::uint64_t hash, std::int64_t now, OwnerProbe* probe);

  /// Takes out what was returned without the mutex.
  void TakeReturned();
  /// Ends expired leases and leases of the dead, and takes them out: in a few chunks, or in all of them.
  /// Returns how many entries are free because of that.
  std::uint32_t SweepSome(std::int64_t now, OwnerProbe* probe);
  std::uint32_t SweepAll(std::int64_t now, OwnerProbe* probe);

  /// Makes the index anew from the entries.
  void Rebuild();

  /// False if something in the index made no sense: then the segment is corrupt.
  bool is_whole() const { return is_whole_; }

 private:
  layout::LeaseEntry* At(Ref ref);
  layout::LeaseEntry* Next(const std::atomic<Ref>& link) {
    return At(link.load(std::memory_order_relaxed));  // no order needed: read and written under the mutex
  }
  bool Fail() { return is_whole_ = false; }
  /// The link that leads to the key's first lease; null if it has none.
  template <class IsOfKey>
  std::atomic<Ref>* LinkOf(std::uint64_t hash, IsOfKey is_of_key) {
    std::atomic<Ref>* link = &table_.HeadOf(hash);
    for (std::uint32_t steps = table_.entry_count();; steps--) {
      layout::LeaseEntry* entry = Next(*link);
      if (entry == nullptr) return nullptr;
      if (is_of_key(*entry)) return link;
      if (steps == 0) {
        is_whole_ = false;
        return nullptr;
      }
      link = &entry->head.next;
    }
  }
  std::atomic<Ref>* LinkOfKey(const layout::LeaseEntry& of_key);
  std::atomic<Ref>* LinkOfHolder(const layout::LeaseEntry& of_holder);
  layout::LeaseEntry* FirstOf(const layout::LeaseEntry& of_key);
  bool LeadsBack(const layout::LeaseEntry& entry);
  bool Unlink(layout::LeaseEntry* entry);
  void UnlinkHolder(layout::LeaseEntry* entry, std::atomic<Ref>* key_link);
  std::uint32_t EndAndRemove(layout::LeaseEntry* entry, std::int64_t now, OwnerProbe* probe);

  const Segment& segment_;
  layout::LeaseShard& shard_;
  Table table_;
  std::atomic<Ref>* holder_heads_;
  bool is_whole_ = true;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_LEASE_INDEX_H_

#include "shm/leases/lease_index.h"

#include "shm/base/crash_point.h"
#include "shm/leases/expiry_heap.h"
#include "shm/leases/lease_state.h"
#include "shm/leases/returned_leases.h"

namespace shmetrics::shm {
namespace {

using layout::LeaseEntry;
using layout::Ref;

bool HasSameKey(const LeaseEntry& a, const LeaseEntry& b) {
  return LoadLocked(a.head.hash) == LoadLocked(b.head.hash) && LoadLocked(a.family) == LoadLocked(b.family) &&
         KeyOf(a) == KeyOf(b);
}

bool HasSameHolder(const LeaseEntry& a, const LeaseEntry& b) {
  return LoadLocked(a.owner_slot) == LoadLocked(b.owner_slot) &&
         LoadLocked(a.owner_epoch) == LoadLocked(b.owner_epoch) && HasSameKey(a, b);
}

bool IsFirstOfHolder(const LeaseEntry& entry) { return LoadLocked(entry.links.previous_of_holder) == 0; }
bool IsFirstOfKey(const LeaseEntry& entry) {
  return IsFirstOfHolder(entry) && LoadLocked(entry.links.previous_holder) == 0;
}

void Clear(LeaseEntry* entry) {
  for (std::atomic<Ref>* word :
       {&entry->links.next_in_holder_chain, &entry->links.next_holder, &entry->links.previous_holder,
        &entry->links.next_of_holder, &entry->links.previous_of_holder, &entry->links.left,
        &entry->links.right, &entry->links.above, &entry->links.rank, &entry->links.root, &entry->links.count,
        &entry->links.is_listed})
    StoreLocked(word, 0U);
  StoreLocked(&entry->links.reserved, std::uint64_t{0});
}

/// How many chunks a search for ended leases looks at, each time the table has no free entry. It looks at
/// more than the table then grows by, so that it comes round.
constexpr std::uint32_t kChunksAtOnce = 4;

}  // namespace

LeaseIndex::LeaseIndex(const Segment& segment, std::uint32_t shard)
    : segment_(segment),
      shard_(segment.lease_shard(shard)),
      table_(segment, &shard_.leases, segment.lease_chains(shard, Segment::LeaseChains::kLeases)),
      holder_heads_(segment.lease_chains(shard, Segment::LeaseChains::kHolders)) {}

LeaseEntry* LeaseIndex::At(Ref ref) {
  if (ref == 0) return nullptr;
  LeaseEntry* entry = table_.EntryAt(ref);
  if (entry == nullptr) is_whole_ = false;
  return entry;
}

std::uint32_t LeaseIndex::CountOf(const LeaseEntry* first) {
  return first == nullptr ? 0 : LoadLocked(first->links.count);
}

std::uint64_t LeaseIndex::ReservedBy(const LeaseEntry* first) {
  return first == nullptr ? 0 : LoadLocked(first->links.reserved);
}

std::atomic<Ref>* LeaseIndex::LinkOfKey(const LeaseEntry& of_key) {
  return LinkOf(LoadLocked(of_key.head.hash),
                [&](const LeaseEntry& entry) { return HasSameKey(entry, of_key); });
}

LeaseEntry* LeaseIndex::FirstOf(const LeaseEntry& of_key) {
  std::atomic<Ref>* link = LinkOfKey(of_key);
  return link == nullptr ? nullptr : Next(*link);
}

/// The link of the chain that leads to the holder; the end of the chain if it is in none.
std::atomic<Ref>* LeaseIndex::LinkOfHolder(const LeaseEntry& of_holder) {
  const std::uint64_t mixed =
      (LoadLocked(of_holder.head.hash) >> 32U) + LoadLocked(of_holder.owner_slot) * 0x9E3779B1ULL;
  std::atomic<Ref>* link = &holder_heads_[mixed & (segment_.header().lease_chain_count - 1)];
  for (std::uint32_t steps = table_.entry_count();; steps--) {
    LeaseEntry* entry = Next(*link);
    if (entry == nullptr || HasSameHolder(*entry, of_holder)) return link;
    if (steps == 0) {
      is_whole_ = false;
      return link;
    }
    link = &entry->links.next_in_holder_chain;
  }
}

void LeaseIndex::Add(LeaseEntry* entry) {
  Clear(entry);
  const Ref ref = table_.RefOf(entry);
  std::atomic<Ref>* holder_link = LinkOfHolder(*entry);
  LeaseEntry* holder = Next(*holder_link);
  LeaseEntry* first = FirstOf(*entry);
  if (!is_whole_) return;
  if (holder != nullptr) {
    LeaseEntry* next = Next(holder->links.next_of_holder);
    StoreLocked(&entry->links.previous_of_holder, table_.RefOf(holder));
    StoreLocked(&entry->links.next_of_holder, LoadLocked(holder->links.next_of_holder));
    StoreLocked(&holder->links.next_of_holder, ref);
    if (next != nullptr) StoreLocked(&next->links.previous_of_holder, ref);
  } else {
    StoreLocked(holder_link, ref);
    if (first != nullptr) {
      LeaseEntry* next = Next(first->links.next_holder);
      StoreLocked(&entry->links.previous_holder, table_.RefOf(first));
      StoreLocked(&entry->links.next_holder, LoadLocked(first->links.next_holder));
      StoreLocked(&first->links.next_holder, ref);
      if (next != nullptr) StoreLocked(&next->links.previous_holder, ref);
    }
  }
  if (first == nullptr) {
    table_.Insert(entry);
    first = entry;
  }
  StoreLocked(&first->links.count, LoadLocked(first->links.count) + 1);
  StoreLocked(&first->links.reserved, LoadLocked(first->links.reserved) + LoadLocked(entry->amount));
  StoreLocked(&entry->links.is_listed, 1U);
  const std::int64_t deadline = LoadState(*entry).deadline_ns;
  StoreLocked(&entry->links.expires_ns, deadline);
  if (deadline != layout::kNoDeadline && !ExpiryHeap(table_, &first->links.root).Insert(entry)) Fail();
}

/// True if all that the entry's links lead to leads back to it.
bool LeaseIndex::LeadsBack(const LeaseEntry& entry) {
  const Ref ref = table_.RefOf(&entry);
  const LeaseEntry* next = Next(entry.links.next_of_holder);
  if (next != nullptr && LoadLocked(next->links.previous_of_holder) != ref) return false;
  if (!IsFirstOfHolder(entry)) {
    const LeaseEntry* previous = Next(entry.links.previous_of_holder);
    return previous != nullptr && LoadLocked(previous->links.next_of_holder) == ref && is_whole_;
  }
  const LeaseEntry* next_holder = Next(entry.links.next_holder);
  const LeaseEntry* previous_holder = Next(entry.links.previous_holder);
  return LoadLocked(*LinkOfHolder(entry)) == ref &&
         (next_holder == nullptr || LoadLocked(next_holder->links.previous_holder) == ref) &&
         (previous_holder == nullptr || LoadLocked(previous_holder->links.next_holder) == ref) && is_whole_;
}

/// Puts another lease in the place of a holder, or ends the holder with its last lease.
void LeaseIndex::UnlinkHolder(LeaseEntry* entry, std::atomic<Ref>* key_link) {
  std::atomic<Ref>* holder_link = LinkOfHolder(*entry);
  LeaseEntry* heir = Next(entry->links.next_of_holder);
  LeaseEntry* next = Next(entry->links.next_holder);
  LeaseEntry* previous = Next(entry->links.previous_holder);
  StoreLocked(holder_link,
              heir != nullptr ? table_.RefOf(heir) : LoadLocked(entry->links.next_in_holder_chain));
  if (heir != nullptr) {
    StoreLocked(&heir->links.next_in_holder_chain, LoadLocked(entry->links.next_in_holder_chain));
    StoreLocked(&heir->links.previous_of_holder, Ref{0});
    StoreLocked(&heir->links.next_holder, LoadLocked(entry->links.next_holder));
    StoreLocked(&heir->links.previous_holder, LoadLocked(entry->links.previous_holder));
  }
  const Ref after = heir != nullptr ? table_.RefOf(heir) : LoadLocked(entry->links.next_holder);
  const Ref before = heir != nullptr ? table_.RefOf(heir) : LoadLocked(entry->links.previous_holder);
  if (next != nullptr) StoreLocked(&next->links.previous_holder, before);
  if (previous != nullptr) return StoreLocked(&previous->links.next_holder, after);
  // It was the key's first lease.
  LeaseEntry* first = heir != nullptr ? heir : next;
  StoreLocked(key_link, first != nullptr ? table_.RefOf(first) : LoadLocked(entry->head.next));
  if (first == nullptr) return;
  StoreLocked(&first->head.next, LoadLocked(entry->head.next));
  StoreLocked(&first->links.count, LoadLocked(entry->links.count));
  StoreLocked(&first->links.reserved, LoadLocked(entry->links.reserved));
  StoreLocked(&first->links.root, LoadLocked(entry->links.root));
}

bool LeaseIndex::Unlink(LeaseEntry* entry) {
  std::atomic<Ref>* key_link = LinkOfKey(*entry);
  LeaseEntry* first = key_link == nullptr ? nullptr : Next(*key_link);
  if (first == nullptr || LoadLocked(first->links.count) == 0 || IsFirstOfKey(*entry) != (first == entry) ||
      !LeadsBack(*entry))
    return Fail();
  if (LoadLocked(entry->links.rank) != 0 && !ExpiryHeap(table_, &first->links.root).Remove(entry))
    return Fail();
  StoreLocked(&first->links.count, LoadLocked(first->links.count) - 1);
  StoreLocked(&first->links.reserved, LoadLocked(first->links.reserved) - LoadLocked(entry->amount));
  if (IsFirstOfHolder(*entry)) {
    UnlinkHolder(entry, key_link);
    return is_whole_;
  }
  LeaseEntry* previous = Next(entry->links.previous_of_holder);
  LeaseEntry* next = Next(entry->links.next_of_holder);
  StoreLocked(&previous->links.next_of_holder, LoadLocked(entry->links.next_of_holder));
  if (next != nullptr)
    StoreLocked(&next->links.previous_of_holder, LoadLocked(entry->links.previous_of_holder));
  return true;
}

void LeaseIndex::Remove(LeaseEntry* entry) {
  if (LoadLocked(entry->links.is_listed) == 0 || !Unlink(entry)) return;
  StoreLocked(&entry->links.is_listed, 0U);
  SHMETRICS_CRASH_POINT("entry_unlinked");
  table_.GiveBack(entry);
}

std::uint32_t LeaseIndex::EndAndRemove(LeaseEntry* entry, std::int64_t now, OwnerProbe* probe) {
  if (LoadLocked(entry->links.is_listed) == 0 || !EndIfExpiredOrOrphaned(entry, now, probe)) return 0;
  Remove(entry);
  return is_whole_ ? 1 : 0;
}

void LeaseIndex::EndExpired(const LeaseEntry& of_key, std::int64_t now, OwnerProbe* probe) {
  for (std::uint32_t steps = table_.entry_count(); steps > 0 && is_whole_; steps--) {
    LeaseEntry* first = FirstOf(of_key);
    LeaseEntry* top = first == nullptr ? nullptr : Next(first->links.root);
    if (top == nullptr || LoadLocked(top->links.expires_ns) > now) return;
    if (EndAndRemove(top, now, probe) > 0) continue;
    // It has been renewed.
    ExpiryHeap heap(table_, &first->links.root);
    if (!heap.Remove(top)) Fail();
    const std::int64_t deadline = LoadState(*top).deadline_ns;
    StoreLocked(&top->links.expires_ns, deadline);
    if (is_whole_ && deadline != layout::kNoDeadline && !heap.Insert(top)) Fail();
  }
}

void LeaseIndex::EndOrphaned(const LeaseEntry& of_key, std::int64_t now, OwnerProbe* probe) {
  std::uint32_t steps = table_.entry_count();
  for (LeaseEntry* holder = FirstOf(of_key); holder != nullptr && is_whole_;) {
    LeaseEntry* next = Next(holder->links.next_holder);
    if (probe->IsDead(LoadLocked(holder->owner_slot), LoadLocked(holder->owner_epoch))) {
      while (LeaseEntry* other = Next(holder->links.next_of_holder)) {
        if (steps-- == 0) Fail();
        if (!is_whole_ || EndAndRemove(other, now, probe) == 0) break;
      }
      EndAndRemove(holder, now, probe);
    }
    if (steps-- == 0) Fail();
    holder = next;
  }
}

bool LeaseIndex::HasLive(std::uint64_t hash, std::int64_t now, OwnerProbe* probe) {
  const auto has_hash = [&](const LeaseEntry& entry) { return LoadLocked(entry.head.hash) == hash; };
  for (const LeaseEntry* first = Find(hash, has_hash); first != nullptr && is_whole_;) {
    EndExpired(*first, now, probe);
    EndOrphaned(*first, now, probe);
    const LeaseEntry* left = Find(hash, has_hash);
    if (left == first) return true;
    first = left;
  }
  return false;
}

void LeaseIndex::TakeReturned() {
  layout::ReturnedLeases& returned = shard_.returned;
  // pairs with ReturnLease()
  if (returned.is_there.load(std::memory_order_acquire) == 0) return;
  const auto remove_ended = [this](LeaseEntry* entry) {
    if (entry != nullptr && is_whole_ && !IsInUse(*entry)) Remove(entry);
  };
  const bool has_overflowed = TakeReturnedLeases(&returned, [&](Ref ref) { remove_ended(At(ref)); });
  if (has_overflowed) table_.ForEach([&](LeaseEntry& entry) { remove_ended(&entry); });
}

std::uint32_t LeaseIndex::SweepSome(std::int64_t now, OwnerProbe* probe) {
  std::uint32_t freed = 0;
  table_.ForSome(kChunksAtOnce, [&](LeaseEntry& entry) {
    if (is_whole_) freed += EndAndRemove(&entry, now, probe);
  });
  return freed;
}

std::uint32_t LeaseIndex::SweepAll(std::int64_t now, OwnerProbe* probe) {
  std::uint32_t freed = 0;
  table_.ForEach([&](LeaseEntry& entry) {
    if (is_whole_) freed += EndAndRemove(&entry, now, probe);
  });
  return freed;
}

void LeaseIndex::Rebuild() {
  // Emptied before the entries are looked at: what is returned later stays for the next holder.
  TakeReturnedLeases(&shard_.returned, [](Ref) {});
  for (std::uint32_t i = 0; i < segment_.header().lease_chain_count; i++)
    StoreLocked(&holder_heads_[i], Ref{0});
  is_whole_ = true;
  table_.Rebuild(
      [](LeaseEntry& entry) {
        Clear(&entry);
        return IsInUse(entry);
      },
      [this](LeaseEntry* entry) { Add(entry); });
}

}  // namespace shmetrics::shm

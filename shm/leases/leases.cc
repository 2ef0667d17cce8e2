#include "shm/leases/leases.h"

#include <algorithm>
#include <string>

#include "shm/base/crash_point.h"
#include "shm/leases/lease_clock.h"
#include "shm/leases/lease_index.h"
#include "shm/leases/lease_shard.h"
#include "shm/leases/lease_state.h"
#include "shm/leases/ledger_clock.h"
#include "shm/leases/owner_probe.h"
#include "shm/leases/reserved_amount.h"
#include "shm/segment/refusal.h"
#include "shm/series/key_hash.h"
#include "shm/series/label_block.h"

namespace shmetrics::shm {
namespace {

using layout::LeaseEntry;
using layout::LeaseState;

bool IsOfKey(const LeaseEntry& entry, std::uint64_t hash, const RegisteredFamily& family,
             std::span<const std::string_view> values) {
  // no order needed: written under the mutex that is held
  return entry.head.hash.load(std::memory_order_relaxed) == hash &&
         entry.family.load(std::memory_order_relaxed) == family.ref &&  // no order needed: as above
         LabelBlockEquals(KeyOf(entry), family.label_names, values);
}

Error CannotAsk(const Segment& segment) {
  return Error{
      ErrorCode::kNotOpenable,
      "segment " + segment.path() + " cannot be asked whether the owners of leases are alive; ask again"};
}

/// Takes a free entry. It comes from the free list; else from leases that a short search ends without asking
/// the kernel; else from new entries; else from a search of all entries that asks which owners are dead. If
/// the first search finds little, the table grows as well, or the next call would need another one.
Result<LeaseEntry*> TakeEntry(const Segment& segment, Arena& arena, const LeaseShard& shard,
                              LeaseIndex* index, OwnerProbe* probe) {
  if (LeaseEntry* free = index->table().TakeFree()) return free;
  const std::int64_t now = LeaseNowNs();
  OwnerProbe without_asking(segment, OwnerProbe::Asks::kNobody);
  const std::uint32_t freed = index->SweepSome(now, &without_asking);
  if (freed < layout::kEntriesPerChunk) {
    Result<void> grown = shard.GrowLeases(arena);
    if (!grown.ok() && freed == 0 && index->SweepAll(now, probe) == 0)
      return probe->could_not_ask() ? CannotAsk(segment) : grown.error();
  }
  LeaseEntry* free = index->table().TakeFree();
  if (free == nullptr)
    return Error{ErrorCode::kCorrupt, "segment " + segment.path() + " is corrupt: its lease entries"};
  return free;
}

/// How many live leases the key has. If that is less than `enough`, some of them may have ended unnoticed.
std::uint32_t CountUpTo(std::uint32_t enough, const Segment& segment, LeaseIndex* index, std::uint64_t hash,
                        const RegisteredFamily& family, std::span<const std::string_view> values,
                        OwnerProbe* probe) {
  const auto find = [&] {
    return index->Find(hash, [&](const LeaseEntry& entry) { return IsOfKey(entry, hash, family, values); });
  };
  const LeaseEntry* first = find();
  if (first == nullptr || LeaseIndex::CountOf(first) < enough) return LeaseIndex::CountOf(first);
  const std::int64_t now = LeaseNowNs();
  OwnerProbe without_asking(segment, OwnerProbe::Asks::kNobody);
  index->EndExpired(*first, now, &without_asking);
  first = find();
  if (first == nullptr || LeaseIndex::CountOf(first) < enough) return LeaseIndex::CountOf(first);
  index->EndOrphaned(*first, now, probe);
  return LeaseIndex::CountOf(find());
}

Error CountRefusal(const Segment& segment, Error error) {
  if (const auto reason = RefusalOf(error.code)) segment.CountRefusal(*reason);
  return error;
}

Error CorruptIndex(const Segment& segment) {
  return Error{ErrorCode::kCorrupt,
               "segment " + segment.path() + " is corrupt: the index of its leases makes no sense"};
}

/// Succeeds if the amount stays within its limit, besides what is used and reserved.
Result<void> AdmitAmount(const Segment& segment, LeaseIndex* index, std::uint64_t hash,
                         const RegisteredFamily& family, std::string_view key, const Account& account,
                         Leases::Reserved* reserved, OwnerProbe* probe) {
  ReservedAmount others(segment, index, hash, &family, key);
  const Result<bool> fits =
      others.LeavesRoomFor(reserved->amount, account.amount, reserved->limit_of(account.key_class), probe);
  if (!fits.ok()) return fits.error();
  reserved->account = account;
  reserved->account.reserved = others.Known();
  if (!fits.value()) return Error{ErrorCode::kLimitReached, "limit reached: no such amount is left today"};
  reserved->account.reserved += reserved->amount;
  return {};
}

Result<void> CheckKey(const RegisteredFamily& family, std::span<const std::string_view> values) {
  if (Result<void> checked = CheckLabelValues(family.label_names, values); !checked.ok()) return checked;
  if (LabelBlockBytes(family.label_names, values) <= layout::kMaxKeyBytes) return {};
  return Error{ErrorCode::kInvalidLabels, "key of a lease refused: as a label block it is longer than " +
                                              std::to_string(layout::kMaxKeyBytes) + " bytes"};
}

}  // namespace

/// Succeeds if one more lease of the key stays within the limit. All of its leases count that are in the
/// index: so one that has expired, and is renewed too late, is counted all the same. Only if the limit would
/// refuse, those that have expired are ended, and then the kernel is asked about the owners.
Result<void> Leases::Admit(LeaseIndex* index, std::uint64_t hash, const RegisteredFamily& family,
                           std::span<const std::string_view> values, std::uint32_t limit,
                           OwnerProbe* probe) const {
  const std::uint32_t live = CountUpTo(std::max(limit, 1U), segment_, index, hash, family, values, probe);
  if (!index->is_whole()) return CorruptIndex(segment_);
  if (live < limit) return {};
  if (probe->could_not_ask()) return CannotAsk(segment_);
  return Error{ErrorCode::kLimitReached,
               "limit reached: " + std::to_string(live) + " of " + std::to_string(limit) + " in use"};
}

// A lease begins in a free entry that has left the free list:
//   1 write key, family, owner, amount die here -> the generation is even: free
//   2 compare-and-swap the state odd  die here -> a lease of a dead owner, which nobody counts
//   3 put it into the index           die here -> the same; the repair puts it into the index
// leases.pml is a model of this and of renewal, release and repair: change both.
//
// SYNC(entry): 1 comes after the end of the entry's former use and before 2, which are locked instructions.
Result<HeldLease> Leases::Acquire(const RegisteredFamily& family, std::span<const std::string_view> values,
                                  const Terms& terms, const layout::WorkerSlot* slot) {
  if (Result<void> checked = CheckKey(family, values); !checked.ok())
    return CountRefusal(segment_, checked.error());
  const std::uint64_t hash = HashOfValues(segment_.hash_key(), 0, values);
  Result<LeaseShard> shard = LeaseShard::Lock(segment_, hash, terms.max_wait_ns);
  if (!shard.ok()) return shard.error();
  Account account;
  if ((terms.limit_of || terms.reserves != nullptr) && values.size() == 1) {
    const Result<layout::LedgerEntry*> found =
        shard->FindLedgerEntry(hash, LedgerKeyBytes(values[0], terms.domain).view());
    if (!found.ok()) return found.error();
    // The day is read under the mutex, as in Ledger::Spend.
    account = ReadAccount(found.value(), terms.reserves != nullptr ? UtcDay() : 0);
  }
  const std::optional<std::uint32_t> limit = terms.LimitFor(account.key_class);
  LeaseIndex index = shard->index();
  OwnerProbe probe(segment_, OwnerProbe::Asks::kTheKernel, slot);
  if (limit) {
    const Result<void> admitted = Admit(&index, hash, family, values, *limit, &probe);
    if (!admitted.ok()) return CountRefusal(segment_, admitted.error());
  }
  if (terms.reserves != nullptr && values.size() == 1) {
    const Result<void> admitted =
        AdmitAmount(segment_, &index, hash, family, values[0], account, terms.reserves, &probe);
    if (!admitted.ok()) return CountRefusal(segment_, admitted.error());
  }
  Result<LeaseEntry*> taken = TakeEntry(segment_, arena_, shard.value(), &index, &probe);
  if (!taken.ok()) return CountRefusal(segment_, taken.error());
  LeaseEntry* entry = taken.value();
  SHMETRICS_CRASH_POINT("lease_entry_taken");
  // Written on the stack: an entry that has left the free list must not be lost for want of memory.
  char block[layout::kMaxKeyBytes];
  WriteLabelBlock(family.label_names, values, block);
  SetKey(entry, hash, {block, LabelBlockBytes(family.label_names, values)});
  entry->family.store(family.ref, std::memory_order_release);  // SYNC(entry)
  entry->owner_slot.store(static_cast<std::uint32_t>(slot - &segment_.worker_slot(0)),
                          std::memory_order_release);
  entry->amount.store(terms.reserves != nullptr ? terms.reserves->amount : 0,
                      std::memory_order_release);  // SYNC(entry)
  entry->owner_epoch.store(slot->epoch.load(std::memory_order_acquire), std::memory_order_release);
  SHMETRICS_CRASH_POINT("lease_written");
  const LeaseState before = LoadState(*entry);
  const LeaseState begun{before.generation + 1, LeaseDeadlineAfter(LeaseNowNs(), terms.ttl_ns)};
  if (before.generation % 2 != 0 || !CompareAndSwapState(entry, before, begun)) {
    // Somebody writes to free entries.
    return CountRefusal(segment_, CorruptIndex(segment_));
  }
  SHMETRICS_CRASH_POINT("lease_begun");
  index.Add(entry);
  if (!index.is_whole()) {
    End(entry, begun);
    return CountRefusal(segment_, CorruptIndex(segment_));
  }
  return HeldLease{entry, begun.generation};
}

Result<std::uint64_t> Leases::CountLive(const RegisteredFamily& family,
                                        std::span<const std::string_view> values, std::int64_t max_wait_ns) {
  if (Result<void> checked = CheckKey(family, values); !checked.ok()) return checked.error();
  const std::uint64_t hash = HashOfValues(segment_.hash_key(), 0, values);
  Result<LeaseShard> shard = LeaseShard::Lock(segment_, hash, max_wait_ns);
  if (!shard.ok()) return shard.error();
  LeaseIndex index = shard->index();
  OwnerProbe probe(segment_, OwnerProbe::Asks::kTheKernel);
  const std::uint64_t live = CountUpTo(0, segment_, &index, hash, family, values, &probe);
  if (!index.is_whole()) return CountRefusal(segment_, CorruptIndex(segment_));
  if (probe.could_not_ask()) return CountRefusal(segment_, CannotAsk(segment_));
  return live;
}

bool Leases::Renew(const HeldLease& lease, std::int64_t ttl_ns) {
  // Reading the clock is most of the cost of a renewal. The coarse clock is good enough if the deadline is
  // not near and if the TTL is so long that a tick does not matter.
  constexpr std::int64_t kCoarseTtlNs = 1'000'000'000;
  const bool may_be_coarse = ttl_ns == 0 || ttl_ns >= kCoarseTtlNs;
  for (int i = 0; i < kMaxStateTries; i++) {
    const LeaseState state = LoadState(*lease.entry);
    if (state.generation != lease.generation) return false;
    std::int64_t now = LeaseNowCoarseNs();
    if (!may_be_coarse || state.deadline_ns <= now + kMaxCoarseLagNs) now = LeaseNowNs();
    if (state.deadline_ns <= now) {
      // Readers have seen the lease end, so it must not come back.
      if (End(lease.entry, state)) return false;
      continue;
    }
    if (ttl_ns == 0) return true;
    // A deadline never moves back. The coarse clock may be behind the one that the present deadline came
    // from.
    const LeaseState renewed{state.generation, std::max(state.deadline_ns, LeaseDeadlineAfter(now, ttl_ns))};
    SHMETRICS_CRASH_POINT("lease_renewal_decided");
    if (!CompareAndSwapState(lease.entry, state, renewed)) continue;
    SHMETRICS_CRASH_POINT("lease_renewed");
    if (state.deadline_ns > LeaseNowCoarseNs() + kMaxCoarseLagNs || state.deadline_ns > LeaseNowNs())
      return true;
    // This process stood still before the compare-and-swap, and the lease had ended by then.
    End(lease.entry, renewed);
    return false;
  }
  return false;
}

// A lease ends:
//   1 compare-and-swap the state even     die here -> ended, of a dead owner: a refusal finds out
//   2 take it out of the index, if idle   die here -> the repair lists it as free
//   3 else leave word for the next holder die here -> its owner is dead, which a refusal finds out
bool Leases::Release(const HeldLease& lease) {
  // Read before the end, because after it the entry may be another lease's.
  // no order needed: constant until then
  const std::uint64_t hash = lease.entry->head.hash.load(std::memory_order_relaxed);
  for (int i = 0; i < kMaxStateTries; i++) {
    const LeaseState state = LoadState(*lease.entry);
    if (state.generation != lease.generation) return false;
    if (!End(lease.entry, state)) continue;
    SHMETRICS_CRASH_POINT("lease_ended");
    LeaseShard::TakeOut(segment_, hash, lease.entry);
    return state.deadline_ns > LeaseNowNs();
  }
  return false;
}

bool Leases::IsLive(const HeldLease& lease) {
  const LeaseState state = LoadState(*lease.entry);
  return state.generation == lease.generation && state.deadline_ns > LeaseNowNs();
}

}  // namespace shmetrics::shm

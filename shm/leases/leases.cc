#include "shm/leases/leases.h"

#include <algorithm>
#include <string>

#include "shm/base/crash_point.h"
#include "shm/leases/lease_clock.h"
#include "shm/leases/lease_shard.h"
#include "shm/leases/owner_probe.h"
#include "shm/segment/refusal.h"
#include "shm/series/key_hash.h"
#include "shm/series/label_block.h"

namespace shmetrics::shm {
namespace {

using layout::LeaseEntry;
using layout::LeaseState;
using LeaseTable = EntryTable<LeaseEntry>;

/// Bounds each loop, however often others change the same lease at the same time.
constexpr int kMaxTries = 64;

/// Loads generation and deadline of one moment. If the generation is the same before and after the deadline,
/// both belong together.
LeaseState LoadState(LeaseEntry& entry) {
  const std::atomic_ref<std::uint64_t> generation(entry.state.generation);
  const std::atomic_ref<std::int64_t> deadline(entry.state.deadline_ns);
  LeaseState state{};
  for (int i = 0; i < kMaxTries; i++) {
    // Acquire, so that the three loads stay in this order.
    state.generation = generation.load(std::memory_order_acquire);
    state.deadline_ns = deadline.load(std::memory_order_acquire);
    if (generation.load(std::memory_order_acquire) == state.generation) break;
  }
  return state;
}

bool CompareAndSwapState(LeaseEntry* entry, const LeaseState& seen, const LeaseState& wanted) {
  std::uint64_t expected[2] = {seen.generation, static_cast<std::uint64_t>(seen.deadline_ns)};
  const std::uint64_t desired[2] = {wanted.generation, static_cast<std::uint64_t>(wanted.deadline_ns)};
  return CompareExchange16(&entry->state, expected, desired);
}

bool End(LeaseEntry* entry, const LeaseState& seen) {
  return CompareAndSwapState(entry, seen, {seen.generation + 1, 0});
}

bool IsOfKey(const LeaseEntry& entry, std::uint64_t hash, const RegisteredFamily& family,
             std::span<const std::string_view> values) {
  // no order needed: written under the mutex that is held
  return entry.head.hash.load(std::memory_order_relaxed) == hash &&
         entry.family.load(std::memory_order_relaxed) == family.ref &&  // no order needed: as above
         LabelBlockEquals(KeyOf(entry), family.label_names, values);
}

struct Tally {
  std::uint64_t live = 0;
  bool is_whole = true;  ///< false if the chain led nowhere
};

Tally CountKey(LeaseTable& table, std::uint64_t hash, const RegisteredFamily& family,
               std::span<const std::string_view> values, OwnerProbe* probe) {
  const std::int64_t now = LeaseNowNs();
  Tally tally;
  tally.is_whole = table.ForEachInChain(hash, [&](LeaseEntry& entry) {
    if (!IsOfKey(entry, hash, family, values)) return IsInUse(entry) ? Visited::kStays : Visited::kIsFree;
    if (EndIfExpiredOrOrphaned(&entry, now, probe)) return Visited::kIsFree;
    tally.live++;
    return Visited::kStays;
  });
  return tally;
}

/// Ends expired and orphaned leases in the whole shard, and gives the entries back. Returns how many entries
/// are free then.
std::uint32_t Sweep(LeaseTable& table, OwnerProbe* probe) {
  const std::int64_t now = LeaseNowNs();
  std::uint32_t free = 0;
  table.ForEach([&](LeaseEntry& entry) { free += EndIfExpiredOrOrphaned(&entry, now, probe) ? 1 : 0; });
  table.Rebuild([](const LeaseEntry& entry) { return IsInUse(entry); });
  return free;
}

/// Takes a free entry. It comes from the free list; else from leases that a sweep can end without asking the
/// kernel; else from new entries; else from a sweep that asks the kernel which owners are dead. If the first
/// sweep finds little, the table grows as well, or the next call would need another sweep.
Result<LeaseEntry*> TakeEntry(const Segment& segment, Arena& arena, const LeaseShard& shard,
                              OwnerProbe* probe) {
  LeaseTable table = shard.leases();
  if (LeaseEntry* free = table.TakeFree()) return free;
  OwnerProbe without_asking(segment, OwnerProbe::Asks::kNobody);
  const std::uint32_t freed = Sweep(table, &without_asking);
  if (freed == 0 || freed < table.entry_count() / 8) {
    Result<void> grown = shard.GrowLeases(arena);
    if (!grown.ok() && freed == 0 && Sweep(table, probe) == 0) return grown.error();
  }
  LeaseEntry* free = table.TakeFree();
  if (free == nullptr)
    return Error{ErrorCode::kCorrupt, "segment " + segment.path() + " is corrupt: its lease entries"};
  return free;
}

Error CountRefusal(const Segment& segment, Error error) {
  if (const auto reason = RefusalOf(error.code)) segment.CountRefusal(*reason);
  return error;
}

Error CorruptChain(const Segment& segment) {
  return Error{ErrorCode::kCorrupt,
               "segment " + segment.path() + " is corrupt: a chain of its leases leads nowhere"};
}

Result<void> CheckKey(const RegisteredFamily& family, std::span<const std::string_view> values) {
  if (Result<void> checked = CheckLabelValues(family.label_names, values); !checked.ok()) return checked;
  if (LabelBlockBytes(family.label_names, values) <= layout::kMaxKeyBytes) return {};
  return Error{ErrorCode::kInvalidLabels, "key of a lease refused: as a label block it is longer than " +
                                              std::to_string(layout::kMaxKeyBytes) + " bytes"};
}

}  // namespace

/// Succeeds if one more lease of the key stays within the limit. Asks the kernel about owners only if the
/// limit would refuse otherwise. Ends each entry of the key that it does not count.
Result<void> Leases::Admit(EntryTable<layout::LeaseEntry>& table, std::uint64_t hash,
                           const RegisteredFamily& family, std::span<const std::string_view> values,
                           std::uint32_t limit, OwnerProbe* probe) const {
  OwnerProbe without_asking(segment_, OwnerProbe::Asks::kNobody);
  Tally tally = CountKey(table, hash, family, values, &without_asking);
  if (tally.live >= limit && limit > 0) tally = CountKey(table, hash, family, values, probe);
  if (!tally.is_whole) return CorruptChain(segment_);
  if (tally.live < limit) return {};
  if (probe->could_not_ask()) {
    return Error{
        ErrorCode::kNotOpenable,
        "segment " + segment_.path() + " cannot be asked whether the owners of leases are alive; ask again"};
  }
  return Error{ErrorCode::kLimitReached,
               "limit reached: " + std::to_string(tally.live) + " of " + std::to_string(limit) + " in use"};
}

// A lease begins in a free entry that has left the free list:
//   1 write key, family, owner        die here -> the generation is even: free
//   2 compare-and-swap the state odd  die here -> a lease of a dead owner, which nobody counts
//   3 put it into its chain           die here -> the same; the repair puts it into the chain
// leases.pml is a model of this and of renewal, release and repair: change both.
//
// SYNC(entry): 1 comes after the end of the entry's former use and before 2, which are locked instructions.
Result<HeldLease> Leases::Acquire(const RegisteredFamily& family, std::span<const std::string_view> values,
                                  const Terms& terms, const layout::WorkerSlot* slot) {
  if (Result<void> checked = CheckKey(family, values); !checked.ok())
    return CountRefusal(segment_, checked.error());
  const std::uint64_t hash = HashOfValues(segment_.hash_key(), 0, values);
  Result<LeaseShard> shard = LeaseShard::Lock(segment_, hash);
  if (!shard.ok()) return shard.error();
  std::uint32_t key_class = 0;
  if (terms.limit_of && values.size() == 1) {
    const Result<layout::LedgerEntry*> account = shard->FindLedgerEntry(hash, values[0]);
    if (!account.ok()) return account.error();
    // no order needed: written under the mutex that is held
    if (account.value() != nullptr) key_class = account.value()->key_class.load(std::memory_order_relaxed);
  }
  const std::optional<std::uint32_t> limit = terms.LimitFor(key_class);
  LeaseTable table = shard->leases();
  OwnerProbe probe(segment_, OwnerProbe::Asks::kTheKernel, slot);
  if (limit) {
    const Result<void> admitted = Admit(table, hash, family, values, *limit, &probe);
    if (!admitted.ok()) return CountRefusal(segment_, admitted.error());
  }
  Result<LeaseEntry*> taken = TakeEntry(segment_, arena_, shard.value(), &probe);
  if (!taken.ok()) return CountRefusal(segment_, taken.error());
  LeaseEntry* entry = taken.value();
  SHMETRICS_CRASH_POINT("lease_entry_taken");
  SetKey(entry, hash, MakeLabelBlock(family.label_names, values));
  entry->family.store(family.ref, std::memory_order_release);  // SYNC(entry)
  entry->owner_slot.store(static_cast<std::uint32_t>(slot - &segment_.worker_slot(0)),
                          std::memory_order_release);
  entry->owner_epoch.store(slot->epoch.load(std::memory_order_acquire), std::memory_order_release);
  SHMETRICS_CRASH_POINT("lease_written");
  const LeaseState before = LoadState(*entry);
  const LeaseState begun{before.generation + 1, LeaseDeadlineAfter(LeaseNowNs(), terms.ttl_ns)};
  if (before.generation % 2 != 0 || !CompareAndSwapState(entry, before, begun)) {
    // Somebody writes to free entries.
    return CountRefusal(segment_, CorruptChain(segment_));
  }
  SHMETRICS_CRASH_POINT("lease_begun");
  table.Insert(entry);
  return HeldLease{entry, begun.generation};
}

Result<std::uint64_t> Leases::CountLive(const RegisteredFamily& family,
                                        std::span<const std::string_view> values) {
  if (Result<void> checked = CheckKey(family, values); !checked.ok()) return checked.error();
  const std::uint64_t hash = HashOfValues(segment_.hash_key(), 0, values);
  Result<LeaseShard> shard = LeaseShard::Lock(segment_, hash);
  if (!shard.ok()) return shard.error();
  LeaseTable table = shard->leases();
  OwnerProbe probe(segment_, OwnerProbe::Asks::kTheKernel);
  const Tally tally = CountKey(table, hash, family, values, &probe);
  if (!tally.is_whole) return CountRefusal(segment_, CorruptChain(segment_));
  return tally.live;
}

bool Leases::Renew(const HeldLease& lease, std::int64_t ttl_ns) {
  // Reading the clock is most of the cost of a renewal. The coarse clock is good enough if the deadline is
  // not near and if the TTL is so long that a tick does not matter.
  constexpr std::int64_t kCoarseTtlNs = 1'000'000'000;
  const bool may_be_coarse = ttl_ns == 0 || ttl_ns >= kCoarseTtlNs;
  for (int i = 0; i < kMaxTries; i++) {
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
//   1 compare-and-swap the state even     die here -> ended; the next visitor of its chain frees it
//   2 take it out of the chain, if idle   die here -> the repair lists it as free
bool Leases::Release(const HeldLease& lease) {
  // Read before the end, because after it the entry may be another lease's.
  // no order needed: constant until then
  const std::uint64_t hash = lease.entry->head.hash.load(std::memory_order_relaxed);
  for (int i = 0; i < kMaxTries; i++) {
    const LeaseState state = LoadState(*lease.entry);
    if (state.generation != lease.generation) return false;
    if (!End(lease.entry, state)) continue;
    SHMETRICS_CRASH_POINT("lease_ended");
    if (std::optional<LeaseShard> shard = LeaseShard::TryLock(segment_, hash)) {
      shard->leases().ForEachInChain(
          hash, [](const LeaseEntry& entry) { return IsInUse(entry) ? Visited::kStays : Visited::kIsFree; });
    }
    return state.deadline_ns > LeaseNowNs();
  }
  return false;
}

bool EndIfExpiredOrOrphaned(LeaseEntry* entry, std::int64_t now, OwnerProbe* probe) {
  for (int i = 0; i < kMaxTries; i++) {
    const LeaseState state = LoadState(*entry);
    if (state.generation % 2 == 0) return true;
    // no order needed: constant while the generation is odd, and read under the mutex
    const std::uint32_t slot = entry->owner_slot.load(std::memory_order_relaxed);
    // no order needed: as above
    const std::uint64_t epoch = entry->owner_epoch.load(std::memory_order_relaxed);
    if (state.deadline_ns > now && !probe->IsDead(slot, epoch)) return false;
    if (End(entry, state)) return true;
    // It has been renewed or released meanwhile.
  }
  return false;
}

bool Leases::IsLive(const HeldLease& lease) {
  const LeaseState state = LoadState(*lease.entry);
  return state.generation == lease.generation && state.deadline_ns > LeaseNowNs();
}

}  // namespace shmetrics::shm

#include "shm/leases/lease_shard.h"

#include <atomic>
#include <string>
#include <utility>

#include "shm/base/crash_point.h"
#include "shm/base/fork_guard.h"
#include "shm/base/pid_namespace.h"
#include "shm/leases/lease_clock.h"
#include "shm/leases/returned_leases.h"
#include "shm/segment/refusal.h"

namespace shmetrics::shm {
namespace {

Error NotTaken(const Segment& segment, std::uint32_t number, RobustMutex::Outcome outcome,
               const LockWait& wait) {
  const std::string shard = "lease shard " + std::to_string(number) + " of segment " + segment.path();
  if (outcome == RobustMutex::Outcome::kUnrecoverable) {
    segment.CountRefusal(layout::Refusal::kUnrecoverable);
    return Error{ErrorCode::kUnrecoverable,
                 shard + " was given up by a process that had not repaired it; replace the segment"};
  }
  segment.CountRefusal(layout::Refusal::kBusy);
  return Error{ErrorCode::kBusy, shard + " " + wait.WhyGivenUp()};
}

/// True if the entries of all shards stay within the limit, or the shard's own within its share. Other shards
/// cannot use up that share. Without it, a few busy keys could leave the other shards without entries for
/// good, because entries stay with the shard that has added them.
bool MayGrow(std::uint64_t own_entries, std::uint64_t all_entries, std::uint32_t limit) {
  return all_entries + layout::kEntriesPerChunk <= limit ||
         own_entries + layout::kEntriesPerChunk <= limit / layout::kLeaseShards;
}

Holding HoldingOf(const Segment& segment, std::uint32_t number) {
  layout::LeaseShard& shard = segment.lease_shard(number);
  // no order needed: it is only compared with what was read before
  return {RobustMutex(&shard.mutex).Holder(), shard.turn.load(std::memory_order_relaxed)};
}

std::uint32_t ShardOf(std::uint64_t hash) { return hash % layout::kLeaseShards; }

}  // namespace

LeaseShard::LeaseShard(const Segment& segment, std::uint32_t number,
                       std::optional<NamespaceLock> namespace_lock)
    : segment_(&segment), number_(number), namespace_lock_(std::move(namespace_lock)) {}

LeaseShard::LeaseShard(LeaseShard&& other) noexcept
    : segment_(std::exchange(other.segment_, nullptr)),
      number_(other.number_),
      namespace_lock_(std::move(other.namespace_lock_)) {}

LeaseShard::~LeaseShard() {
  if (segment_ != nullptr) mutex().Unlock();
}

RobustMutex LeaseShard::mutex() const { return RobustMutex(&segment_->lease_shard(number_).mutex); }

Result<LeaseShard> LeaseShard::Lock(const Segment& segment, std::uint64_t hash, std::int64_t max_wait_ns) {
  const std::uint32_t number = ShardOf(hash);
  if (Result<void> known = FindOutLeaseClock(); !known.ok()) {
    segment.CountRefusal(layout::Refusal::kUnknown);
    return known.error();
  }
  LockWait wait(segment.holder_watch(number), max_wait_ns);
  Result<NamespaceLock> namespace_lock = NamespaceLock::Lock(segment, number, &wait);
  if (!namespace_lock.ok()) {
    if (const auto reason = RefusalOf(namespace_lock.error().code)) segment.CountRefusal(*reason);
    return namespace_lock.error();
  }
  RobustMutex mutex(&segment.lease_shard(number).mutex);
  RobustMutex::Outcome outcome = mutex.TryLock();
  while (outcome == RobustMutex::Outcome::kBusy) {
    const std::int64_t next_try_ns = wait.NextTryNs(HoldingOf(segment, number));
    if (next_try_ns == 0) break;
    outcome = mutex.Lock(next_try_ns);
  }
  if (outcome != RobustMutex::Outcome::kLocked && outcome != RobustMutex::Outcome::kOwnerDied) {
    return NotTaken(segment, number, outcome, wait);
  }
  LeaseShard shard(segment, number, std::move(namespace_lock.value()));
  shard.Enter(outcome);
  return shard;
}

std::optional<LeaseShard> LeaseShard::TryLock(const Segment& segment, std::uint64_t hash) {
  const layout::Header& header = segment.header();
  // If namespaces share the segment, the byte lock would cost more than the caller saves.
  if (!LeaseClockIsKnown() || !ForkGuard::IsKnownToLibc() || header.shared_pid_namespaces != 0 ||
      header.pid_namespace == 0 || header.pid_namespace != PidNamespace())
    return std::nullopt;
  const std::uint32_t number = ShardOf(hash);
  const RobustMutex::Outcome outcome = RobustMutex(&segment.lease_shard(number).mutex).TryLock();
  if (outcome != RobustMutex::Outcome::kLocked && outcome != RobustMutex::Outcome::kOwnerDied)
    return std::nullopt;
  LeaseShard shard(segment, number, std::nullopt);
  shard.Enter(outcome);
  return shard;
}

void LeaseShard::Enter(RobustMutex::Outcome outcome) const {
  std::atomic<std::uint32_t>& turn = segment_->lease_shard(number_).turn;
  // no order needed: a waiter that sees it late waits a little longer
  turn.store(turn.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  if (outcome == RobustMutex::Outcome::kOwnerDied) Repair();
  index().TakeReturned();
}

void LeaseShard::TakeOut(const Segment& segment, std::uint64_t hash, layout::LeaseEntry* entry) {
  const std::optional<LeaseShard> shard = TryLock(segment, hash);
  if (!shard) return ReturnLease(segment, &segment.lease_shard(ShardOf(hash)), *entry);
  // Meanwhile it may have become another lease.
  if (!IsInUse(*entry)) shard->index().Remove(entry);
}

// Takeover from a dead holder:
//   1 rebuild both indexes    die here -> the next holder is told of a dead holder too, and does it again
//   2 mark consistent         die here -> the same, though the index is whole already
void LeaseShard::Repair() const {
  index().Rebuild();
  EntryTable<layout::LedgerEntry> users = ledger();
  users.Rebuild([](const layout::LedgerEntry& entry) { return IsInUse(entry); },
                [&](layout::LedgerEntry* entry) { users.Insert(entry); });
  SHMETRICS_CRASH_POINT("shard_repaired");
  mutex().MarkConsistent();
  segment_->mutable_header().mutex_recoveries.fetch_add(
      1, std::memory_order_relaxed);  // no order needed: a statistic
}

LeaseIndex LeaseShard::index() const { return LeaseIndex(*segment_, number_); }

EntryTable<layout::LeaseEntry> LeaseShard::leases() const {
  layout::LeaseShard& shard = segment_->lease_shard(number_);
  return {*segment_, &shard.leases, segment_->lease_chains(number_, Segment::LeaseChains::kLeases)};
}

EntryTable<layout::LedgerEntry> LeaseShard::ledger() const {
  layout::LeaseShard& shard = segment_->lease_shard(number_);
  return {*segment_, &shard.ledger, segment_->lease_chains(number_, Segment::LeaseChains::kLedger)};
}

Result<layout::LedgerEntry*> LeaseShard::FindLedgerEntry(std::uint64_t hash, std::string_view key) const {
  layout::LedgerEntry* found = nullptr;
  const bool is_whole = ledger().ForEachInChain(hash, [&](layout::LedgerEntry& entry) {
    if (KeyOf(entry) == key) found = &entry;
  });
  if (is_whole) return found;
  segment_->CountRefusal(layout::Refusal::kCorrupt);
  return Error{ErrorCode::kCorrupt,
               "segment " + segment_->path() + " is corrupt: a chain of its ledger leads nowhere"};
}

std::uint64_t LeaseShard::EntriesOfAllShards(layout::EntryTable layout::LeaseShard::*table) const {
  std::uint64_t entries = 0;
  for (std::uint32_t i = 0; i < layout::kLeaseShards; i++) {
    // no order needed: a count that is a little old bounds memory too
    entries += (segment_->lease_shard(i).*table).entry_count.load(std::memory_order_relaxed);
  }
  return entries;
}

Result<void> LeaseShard::GrowLeases(Arena& arena) const {
  const std::uint32_t limit = segment_->header().lease_limit;
  if (MayGrow(leases().entry_count(), EntriesOfAllShards(&layout::LeaseShard::leases), limit))
    return leases().Grow(arena);
  return Error{ErrorCode::kLeaseTableFull, "segment " + segment_->path() + " has its maximum of " +
                                               std::to_string(limit) + " leases; configure more"};
}

Result<void> LeaseShard::GrowLedger(Arena& arena) const {
  const std::uint32_t limit = segment_->header().ledger_limit;
  if (MayGrow(ledger().entry_count(), EntriesOfAllShards(&layout::LeaseShard::ledger), limit))
    return ledger().Grow(arena);
  return Error{ErrorCode::kLedgerFull, "the ledger of segment " + segment_->path() + " has its maximum of " +
                                           std::to_string(limit) + " users; configure more"};
}

bool IsInUse(const layout::LedgerEntry& entry) {
  return entry.generation.load(std::memory_order_acquire) % 2 == 1;  // SYNC(entry), see entry_table.h
}

}  // namespace shmetrics::shm

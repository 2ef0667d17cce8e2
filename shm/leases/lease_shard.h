#ifndef SHMETRICS_SHM_LEASES_LEASE_SHARD_H_
#define SHMETRICS_SHM_LEASES_LEASE_SHARD_H_

// Lease shard: one part of the leases and of the ledger, locked and whole. All keys with one hash are in one shard, so
// a decision takes one mutex, and a user's leases and his ledger entry are decided on together.

#include <cstdint>
#include <optional>
#include <string_view>

#include "shm/base/robust_mutex.h"
#include "shm/leases/entry_table.h"
#include "shm/leases/namespace_lock.h"
#include "shm/result.h"
#include "shm/segment/arena.h"
#include "shm/segment/segment.h"

namespace shmetrics::shm {

class LeaseShard {
 public:
  /// The shard of keys with this hash, for as long as the answer lives. If its last holder has died within, it is
  /// repaired first. Waits 50 ms at most: kBusy. kForeignNamespace, kUnrecoverable, all counted in the segment; kNotOpenable
  /// if the lock file of NamespaceLock cannot be used, which is not. Not async-signal-safe.
  static Result<LeaseShard> Lock(const Segment& segment, std::uint64_t hash);
  /// The same if it is to be had at once and for nothing.
  static std::optional<LeaseShard> TryLock(const Segment& segment, std::uint64_t hash);

  ~LeaseShard();
  LeaseShard(LeaseShard&& other) noexcept;
  LeaseShard(const LeaseShard&) = delete;
  LeaseShard& operator=(const LeaseShard&) = delete;
  LeaseShard& operator=(LeaseShard&&) = delete;

  EntryTable<layout::LeaseEntry> leases() const;
  EntryTable<layout::LedgerEntry> ledger() const;
  /// The ledger entry of the key with this hash; null if there is none. kCorrupt, which is counted.
  Result<layout::LedgerEntry*> FindLedgerEntry(std::uint64_t hash, std::string_view key) const;

  /// Adds free entries, within the segment's limit or this shard's even share of it, so there may be twice as many as the
  /// limit says: kLeaseTableFull, kLedgerFull, kSegmentFull, kOutOfMemory. Of several shards that add the last ones at
  /// once each may: a limit bounds memory, and is not worth a word that a death could leave wrong.
  Result<void> GrowLeases(Arena& arena) const;
  Result<void> GrowLedger(Arena& arena) const;

 private:
  LeaseShard(const Segment& segment, std::uint32_t number, std::optional<NamespaceLock> namespace_lock);
  RobustMutex mutex() const;
  std::uint64_t EntriesOfAllShards(layout::EntryTable layout::LeaseShard::*table) const;
  void Repair() const;

  const Segment* segment_;  ///< null when moved from
  std::uint32_t number_;
  std::optional<NamespaceLock> namespace_lock_;  ///< given back after the mutex
};

/// Whether an entry is in use, which is all that a repair goes by.
bool IsInUse(const layout::LeaseEntry& entry);
bool IsInUse(const layout::LedgerEntry& entry);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_LEASE_SHARD_H_

#ifndef SHMETRICS_SHM_LAYOUT_LEASE_LAYOUT_H_
#define SHMETRICS_SHM_LAYOUT_LEASE_LAYOUT_H_

// The part of the blueprint (layout.h) that describes leases and the ledger.
//
//   shards_offset   LeaseShard   x kLeaseShards
//                   u32          x kLeaseShards x 3 x lease_chain_count: heads of each shard's chains of
//                                keys with leases, of ledger entries, and of holders (lease_index.h), Refs
//   (records)       EntryChunk   followed by kEntriesPerChunk entries of one shard and one kind
//
// A key's hash chooses its shard. A shard's mutex guards its chains, its free lists and all decisions. The
// entries are the truth; chains and free lists are an index. A process that inherits the mutex from a dead
// holder rebuilds the index.
//
// The mutex is the only thing here that is not plain words, so its size and its C library are part of the
// signature.

#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace shmetrics::shm::layout {

inline constexpr std::uint32_t kLeaseShards = 64;
inline constexpr std::uint32_t kEntriesPerChunk = 8;
inline constexpr std::uint32_t kChainKinds = 3;  // in each shard
inline constexpr std::size_t kMaxKeyBytes = 320;

/// The C library of the mutexes: 1 glibc, 2 another. The two must not meet in one segment.
#ifdef __GLIBC__
inline constexpr std::size_t kMutexLibrary = 1;
#else
inline constexpr std::size_t kMutexLibrary = 2;
#endif

/// The index over the entries of one kind in one shard. Writer: the holder of the shard's mutex. Readers of
/// first_chunk and entry_count need no mutex.
struct EntryTable {
  /// Ref of the newest EntryChunk. Release when a chunk is added, pairing with the acquire of readers
  /// (lease_reader.cc).
  std::atomic<std::uint32_t> first_chunk;
  std::atomic<std::uint32_t> free;         ///< Ref of the first free entry
  std::atomic<std::uint32_t> entry_count;  ///< in all chunks
  std::atomic<std::uint32_t>
      swept;  ///< Ref of the chunk where the search for ended leases goes on; 0: at the newest
};

/// Leases that were released while somebody else held the mutex. Who takes the mutex next takes their entries
/// out of the index. A Ref that comes too late does no harm: its entry is looked at, and stays if it is a
/// lease.
struct alignas(64) ReturnedLeases {
  static constexpr std::uint32_t kMost = 30;
  /// 1: look here. Release after one of the others was set, pairing with the acquire of the holder. Writers:
  /// any process that releases a lease, and the holder of the mutex, which sets it to 0 before it looks.
  std::atomic<std::uint32_t> is_there;
  /// 1: there was no room, so any entry of the shard may have ended. Writers: as above.
  std::atomic<std::uint32_t> has_overflowed;
  std::atomic<std::uint32_t> entries[kMost];  ///< Refs; 0: room. Writers: as above, by compare-and-swap
};

struct alignas(64) LeaseShard {
  /// Robust and shared between processes. The creator initialises it, before the file has a name. Later any
  /// process locks and unlocks it, and none initialises it again.
  pthread_mutex_t mutex;
  /// Raised by each holder of the mutex, so that others see one holding end and the next begin. A death
  /// leaves it as it is. Writer: the holder of the mutex.
  std::atomic<std::uint32_t> turn;
  alignas(64) EntryTable leases;
  EntryTable ledger;
  ReturnedLeases returned;
};

/// Written once, before first_chunk leads to it; then constant.
struct alignas(64) EntryChunk {
  std::uint32_t next;  ///< Ref of the chunk before
  std::uint32_t reserved[15];
};

/// The beginning of entries of both kinds. Writer: the holder of the shard's mutex.
struct EntryHead {
  std::atomic<std::uint32_t> next;  ///< Ref of the next in the chain or in the free list
  std::atomic<std::uint32_t> key_bytes;
  std::atomic<std::uint64_t> hash;  ///< of the key
};

/// Changed by one 16-byte compare-and-swap. Writers: the holder of the shard's mutex; and the lease's owner,
/// without the mutex, to renew and to release.
struct alignas(16) LeaseState {
  std::uint64_t generation;  ///< odd: a lease; even: free. Raised at each beginning and each end
  std::int64_t deadline_ns;  ///< LeaseClock; kNoDeadline: none
};
inline constexpr std::int64_t kNoDeadline = INT64_MAX;

/// The place of a lease in the index (lease_index.h). All are Refs unless they say otherwise. Writer: the
/// holder of the shard's mutex.
struct LeaseLinks {
  std::atomic<std::uint32_t> next_in_holder_chain;
  std::atomic<std::uint32_t> next_holder, previous_holder;  ///< of the same key
  std::atomic<std::uint32_t> next_of_holder, previous_of_holder;
  std::atomic<std::uint32_t> left, right, above;  ///< in the heap of the key's leases by `expires_ns`
  std::atomic<std::uint32_t> rank;                ///< in the heap, no Ref; 0: not in it
  std::atomic<std::uint32_t> root;                ///< of the heap; only at the key's first holder
  std::atomic<std::uint32_t> count;               ///< of the key's leases, no Ref; only at its first holder
  std::atomic<std::uint32_t> is_listed;           ///< 1: it is in the index
  std::atomic<std::int64_t> expires_ns;  ///< never later than its deadline: renewals do not change it
  /// What the key's leases reserve together, no Ref; only at its first holder.
  std::atomic<std::uint64_t> reserved;
};

/// A lease. Everything except `head`, `state` and `links` is written while the generation is even, and is
/// constant while it is odd.
struct alignas(64) LeaseEntry {
  EntryHead head;
  LeaseState state;
  std::atomic<std::uint64_t> owner_epoch;  ///< of the worker slot, when the lease began
  std::atomic<std::uint32_t> owner_slot;
  std::atomic<std::uint32_t> family;  ///< Ref
  LeaseLinks links;
  std::atomic<std::uint64_t> amount;  ///< what it reserves in the ledger of its key; 0: nothing
  std::uint64_t reserved;
  std::atomic<std::uint64_t> key[kMaxKeyBytes / 8];  ///< label block, key_bytes of it
};

/// A day and the amount used on it, changed by one 16-byte compare-and-swap, so that they agree after any
/// death. It says nothing if both `amount` and `restored` are 0. Writer: the holder of the shard's mutex.
struct alignas(16) LedgerState {
  std::int32_t day;  ///< UTC, days since 1970-01-01
  /// 1: it includes what was saved of this key and day before the segment was made.
  std::uint32_t restored;
  std::uint64_t amount;  ///< its unit is the callers' affair
};

/// The three latest days of a key, and one that a wrong clock may name.
inline constexpr std::uint32_t kLedgerDays = 4;

/// A key's days, in no order. Everything except `days` and `key_class` is written while the generation is
/// even.
struct alignas(64) LedgerEntry {
  EntryHead head;
  LedgerState days[kLedgerDays];
  std::atomic<std::uint64_t> generation;  ///< odd: in use; even: free
  std::atomic<std::uint32_t> key_class;   ///< 0: none was set
  std::uint32_t reserved[9];
  std::atomic<std::uint64_t> key[kMaxKeyBytes / 8];  ///< key_bytes of it
};

static_assert(sizeof(LeaseEntry) == 448 && sizeof(LedgerEntry) == 448);
static_assert(sizeof(EntryChunk) == 64 && sizeof(LeaseShard) == 256);

}  // namespace shmetrics::shm::layout

#endif  // SHMETRICS_SHM_LAYOUT_LEASE_LAYOUT_H_

#ifndef SHMETRICS_SHM_LAYOUT_LEASE_LAYOUT_H_
#define SHMETRICS_SHM_LAYOUT_LEASE_LAYOUT_H_

// The part of the blueprint (layout.h) that describes leases and the ledger.
//
//   shards_offset   LeaseShard   x kLeaseShards
//                   u32          x kLeaseShards x 2 x lease_chain_count: heads of each shard's chains of
//                                leases, then of its chains of ledger entries, Refs
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
  std::uint32_t reserved;
};

struct alignas(64) LeaseShard {
  /// Robust and shared between processes. The creator initialises it, before the file has a name. Later any
  /// process locks and unlocks it, and none initialises it again.
  pthread_mutex_t mutex;
  alignas(64) EntryTable leases;
  EntryTable ledger;
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

/// A lease. Everything except `head` and `state` is written while the generation is even, and is constant
/// while it is odd.
struct alignas(64) LeaseEntry {
  EntryHead head;
  LeaseState state;
  std::atomic<std::uint64_t> owner_epoch;  ///< of the worker slot, when the lease began
  std::atomic<std::uint32_t> owner_slot;
  std::atomic<std::uint32_t> family;  ///< Ref
  std::uint64_t reserved[2];
  std::atomic<std::uint64_t> key[kMaxKeyBytes / 8];  ///< label block, key_bytes of it
};

/// A day and the amount used on it, changed by one 16-byte compare-and-swap, so that they agree after any
/// death. Writer: the holder of the shard's mutex.
struct alignas(16) LedgerState {
  std::int32_t day;  ///< UTC, days since 1970-01-01
  /// 1: it includes what was saved of this key before the segment was made.
  std::uint32_t restored;
  std::uint64_t amount;  ///< its unit is the callers' affair
};

/// A key's day. Everything except `state` and `key_class` is written while the generation is even.
struct alignas(64) LedgerEntry {
  EntryHead head;
  LedgerState state;
  std::atomic<std::uint64_t> generation;  ///< odd: in use; even: free
  std::atomic<std::uint32_t> key_class;   ///< 0: none was set
  std::uint32_t reserved[5];
  std::atomic<std::uint64_t> key[kMaxKeyBytes / 8];  ///< key_bytes of it
};

static_assert(sizeof(LeaseEntry) == 384 && sizeof(LedgerEntry) == 384);
static_assert(sizeof(EntryChunk) == 64 && sizeof(LeaseShard) == 128);

}  // namespace shmetrics::shm::layout

#endif  // SHMETRICS_SHM_LAYOUT_LEASE_LAYOUT_H_

#ifndef SHMETRICS_SHM_SNAPSHOT_LEASE_READER_H_
#define SHMETRICS_SHM_SNAPSHOT_LEASE_READER_H_

// Lease reader: reads the leases and the ledger. It takes no lock and trusts no byte. A part of the snapshot.
// It returns no unchecked data except keys, which the snapshot checks against their family.

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "shm/leases/ledger_record.h"
#include "shm/segment/segment.h"
#include "shm/snapshot/lease_keys.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::shm {

/// The leases that are live at one moment. Those of each key are in LeaseReader::keys().
struct LeaseReading {
  std::vector<std::uint64_t> by_slot;  ///< the number that each worker slot holds
  std::uint64_t live = 0;
  std::uint64_t entries = 0;  ///< entries that have memory, live or not
  /// Entries with impossible contents, and shards that could not be read to their end.
  std::uint64_t skipped = 0;
};

/// True if the worker that held `slot` in `epoch` is alive; false for a slot that the segment does not have.
using IsAlive = std::function<bool(std::uint32_t slot, std::uint64_t epoch)>;

/// Reads all live leases, again and again. It remembers the key of each entry, which is constant while the
/// entry's generation does not change. So a lease that was there before costs two looks at one cache line.
/// One thread at a time. Bounded by the segment's size, whatever the bytes say.
class LeaseReader {
 public:
  explicit LeaseReader(const Segment& segment);

  LeaseReading Read(const IsAlive& is_alive);

  /// The keys of the last reading.
  LeaseKeys& keys() { return keys_; }

 private:
  /// What is known of one entry.
  struct Known {
    std::uint64_t generation = 0;  ///< even: nothing
    LeaseKeys::Id key = LeaseKeys::kNone;
    std::uint64_t amount = 0;   ///< that it reserves
    bool is_candidate = false;  ///< it was live at the first look
  };
  struct Chunk {
    layout::Ref ref;
    const layout::LeaseEntry* entries;
    std::array<Known, layout::kEntriesPerChunk> known;
  };
  struct Shard {
    std::vector<Chunk> chunks;  ///< the oldest first; the segment adds new ones at the other end only
    bool is_broken = false;     ///< it could not be read to its end
  };

  template <class Visit>
  static void ForEachChunk(Shard* shard, Visit visit);
  /// Adds the chunks that are new.
  void FindChunks(std::uint32_t number);
  /// False if the entry makes no sense.
  bool LookAt(const layout::LeaseEntry& entry, std::int64_t now, const IsAlive& is_alive, Known* known);
  void Confirm(const layout::LeaseEntry& entry, const Known& known, LeaseReading* reading);

  const Segment& segment_;
  std::array<Shard, layout::kLeaseShards> shards_;
  std::uint64_t chunks_left_;
  LeaseKeys keys_;
};

/// Reads all records of the ledger, those of one key one after the other. Skips those that make no sense.
void ReadLedgerRecords(const Segment& segment, std::vector<LedgerRecord>* out);

/// The number of keys in the ledger.
std::uint64_t CountLedgerEntries(const Segment& segment);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SNAPSHOT_LEASE_READER_H_

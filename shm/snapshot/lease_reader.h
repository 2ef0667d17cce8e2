#ifndef SHMETRICS_SHM_SNAPSHOT_LEASE_READER_H_
#define SHMETRICS_SHM_SNAPSHOT_LEASE_READER_H_

// Lease reader: reads the leases and the ledger. It takes no lock and trusts no byte. A part of the snapshot.
// It returns no unchecked data except keys, which the snapshot checks against their family.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "shm/base/text_hash.h"
#include "shm/leases/ledger_record.h"
#include "shm/segment/segment.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::shm {

/// The leases that are live at one moment.
struct LeaseReading {
  /// The number of live leases of each label block of each family. What a lease says of its family is not
  /// checked yet, so it may be chosen as well as the block.
  std::map<layout::Ref, std::unordered_map<std::string, std::uint64_t, TextHash>> by_family;
  /// What the leases of each label block of each family reserve, if they reserve anything.
  std::map<layout::Ref, std::unordered_map<std::string, std::uint64_t, TextHash>> reserved;
  std::vector<std::uint64_t> by_slot;  ///< the number that each worker slot holds
  std::uint64_t live = 0;
  std::uint64_t entries = 0;  ///< entries that have memory, live or not
  /// Entries with impossible contents, and shards that could not be read to their end.
  std::uint64_t skipped = 0;
};

/// True if the worker that held `slot` in `epoch` is alive; false for a slot that the segment does not have.
using IsAlive = std::function<bool(std::uint32_t slot, std::uint64_t epoch)>;

/// Reads all live leases. Bounded by the segment's size, whatever the bytes say.
LeaseReading ReadLeases(const Segment& segment, const IsAlive& is_alive);

/// Reads all records of the ledger, those of one key one after the other. Skips those that make no sense.
void ReadLedgerRecords(const Segment& segment, std::vector<LedgerRecord>* out);

/// The number of keys in the ledger.
std::uint64_t CountLedgerEntries(const Segment& segment);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SNAPSHOT_LEASE_READER_H_

#ifndef SHMETRICS_SHM_SNAPSHOT_LEASE_READER_H_
#define SHMETRICS_SHM_SNAPSHOT_LEASE_READER_H_

// Lease reader: the leases and the ledger as a reader sees them, who takes no lock and believes nothing. A part of the
// snapshot; no unchecked byte gets out of here but keys, which the snapshot checks against their family.

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "shm/leases/ledger_record.h"
#include "shm/segment/segment.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::shm {

/// The leases that are live at one moment.
struct LeaseReading {
  /// How many each label block of each family has.
  std::unordered_map<layout::Ref, std::unordered_map<std::string, std::uint64_t>> by_family;
  std::vector<std::uint64_t> by_slot;  ///< how many each worker slot holds
  std::uint64_t live = 0;
  std::uint64_t entries = 0;  ///< with memory, live or not
  std::uint64_t skipped =
      0;  ///< entries of impossible contents, and shards that could not be read to their end
};

/// Whether the worker that held `slot` in `epoch` is alive; false for a slot that the segment does not have.
using IsAlive = std::function<bool(std::uint32_t slot, std::uint64_t epoch)>;

/// Bounded by the segment's size, whatever the bytes say.
LeaseReading ReadLeases(const Segment& segment, const IsAlive& is_alive);

/// Passes over what makes no sense.
void ReadLedgerRecords(const Segment& segment, std::vector<LedgerRecord>* out);

/// Entries of the ledger with memory, in use or not.
std::uint64_t CountLedgerEntries(const Segment& segment);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SNAPSHOT_LEASE_READER_H_

#ifndef SHMETRICS_SHM_LAYOUT_SIGNATURE_H_
#define SHMETRICS_SHM_LAYOUT_SIGNATURE_H_

#include <cstddef>
#include <cstdint>

#include "shm/layout.h"

namespace shmetrics::shm::layout {

/// Folds where everything lies, and what it means, into one number: two builds that differ refuse each other's
/// segments by it.
constexpr std::uint64_t ComputeSignature() {
  constexpr std::size_t kParts[] = {kLayoutMajor,
                                    kStripeBytes,
                                    kAtomicStripes,
                                    sizeof(HistogramCell),
                                    kRecordAlignment,
                                    kMaxBounds,
                                    kRefusals,
                                    kGaugesPerBlock,
                                    kHashFunction,
                                    sizeof(Header),
                                    offsetof(Header, segment_bytes),
                                    offsetof(Header, stripe_count),
                                    offsetof(Header, lease_limit),
                                    offsetof(Header, pid_namespace),
                                    offsetof(Header, slots_offset),
                                    offsetof(Header, shards_offset),
                                    offsetof(Header, created_unix_ns),
                                    offsetof(Header, checksum),
                                    sizeof(Live),
                                    offsetof(Live, used),
                                    offsetof(Live, committed_front),
                                    offsetof(Live, committed_blocks),
                                    offsetof(Live, series_count),
                                    offsetof(Live, family_count),
                                    offsetof(Live, ticket),
                                    offsetof(Live, mutex_recoveries),
                                    offsetof(Live, ledger_loaded),
                                    offsetof(Live, refusals),
                                    sizeof(WorkerSlot),
                                    offsetof(WorkerSlot, epoch),
                                    offsetof(WorkerSlot, started_unix_ns),
                                    offsetof(WorkerSlot, pid),
                                    offsetof(WorkerSlot, gauge_blocks),
                                    offsetof(WorkerSlot, name),
                                    sizeof(GaugeBlock),
                                    offsetof(GaugeBlock, next),
                                    offsetof(GaugeBlock, used),
                                    offsetof(GaugeBlock, series),
                                    offsetof(GaugeBlock, cells),
                                    offsetof(GaugeCell, value),
                                    offsetof(GaugeCell, ticket),
                                    offsetof(Record, next),
                                    offsetof(Record, kind),
                                    offsetof(Record, hash),
                                    sizeof(SeriesRecord),
                                    offsetof(SeriesRecord, family),
                                    offsetof(SeriesRecord, label_bytes),
                                    offsetof(SeriesRecord, cells),
                                    offsetof(SeriesRecord, visibility),
                                    sizeof(FamilyRecord),
                                    offsetof(FamilyRecord, type),
                                    offsetof(FamilyRecord, gauge_mode),
                                    offsetof(FamilyRecord, label_count),
                                    offsetof(FamilyRecord, name_bytes),
                                    offsetof(FamilyRecord, unit_bytes),
                                    offsetof(FamilyRecord, bound_count),
                                    offsetof(FamilyRecord, help_bytes),
                                    offsetof(FamilyRecord, label_name_bytes),
                                    offsetof(FamilyRecord, embedded),
                                    offsetof(FamilyRecord, series_count),
                                    offsetof(FamilyRecord, refused_series),
                                    offsetof(FamilyRecord, refused_families),
                                    kMutexLibrary,
                                    sizeof(pthread_mutex_t),
                                    kLeaseShards,
                                    kEntriesPerChunk,
                                    sizeof(LeaseShard),
                                    offsetof(LeaseShard, leases),
                                    offsetof(LeaseShard, ledger),
                                    offsetof(EntryTable, first_chunk),
                                    offsetof(EntryTable, free),
                                    offsetof(EntryTable, entry_count),
                                    sizeof(EntryChunk),
                                    offsetof(EntryHead, next),
                                    offsetof(EntryHead, key_bytes),
                                    offsetof(EntryHead, hash),
                                    sizeof(LeaseEntry),
                                    offsetof(LeaseEntry, state),
                                    offsetof(LeaseEntry, owner_epoch),
                                    offsetof(LeaseEntry, owner_slot),
                                    offsetof(LeaseEntry, family),
                                    offsetof(LeaseEntry, key),
                                    sizeof(LedgerEntry),
                                    offsetof(LedgerEntry, state),
                                    offsetof(LedgerEntry, generation),
                                    offsetof(LedgerEntry, tier),
                                    offsetof(LedgerEntry, key)};
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::size_t part : kParts) hash = (hash ^ part) * 0x100000001b3;
  return hash;
}
inline constexpr std::uint64_t kSignature = ComputeSignature();

}  // namespace shmetrics::shm::layout

#endif  // SHMETRICS_SHM_LAYOUT_SIGNATURE_H_

#ifndef SHMETRICS_TESTS_CRASH_CRASH_POINTS_H_
#define SHMETRICS_TESTS_CRASH_CRASH_POINTS_H_

namespace shmetrics::testing {

/// All crash points. The test EveryCrashPointIsListed keeps it complete.
inline constexpr const char* kCrashPoints[] = {
    "arena_blocks_populated",
    "arena_cells_committed",
    "arena_front_populated",
    "arena_record_committed",
    "directory_before_publish",
    "directory_series_reserved",
    "entry_chunk_allocated",
    "entry_chunk_linked",
    "entry_unlinked",
    "exemplar_claimed",
    "exemplar_half_written",
    "exemplars_allocated",
    "gauges_block_allocated",
    "gauges_series_written",
    "lease_begun",
    "lease_ended",
    "lease_entry_taken",
    "lease_renewal_decided",
    "lease_renewed",
    "lease_returned",
    "lease_written",
    "ledger_before_refund",
    "ledger_before_spending",
    "ledger_opened",
    "ledger_tier_restored",
    "ledger_written",
    "reservation_ended",
    "reservation_settled",
    "segment_filled",
    "segment_mapped",
    "slot_claim_locked",
    "slot_epoch_bumped",
    "slot_live_locked",
    "slot_taken_over",
    "slot_tenure_prepared",
};

/// Nothing is written there, so dying there proves nothing. Tests count how often they are passed.
inline constexpr const char* kReadingPoints[] = {"chain_searched", "values_hashed"};

/// A process passes them only when it takes over a shard from a dead holder: RepairsTest stages that.
inline constexpr const char* kRepairPoints[] = {"entry_table_emptied", "shard_repaired"};

/// A process passes them only when it leaves a segment for the next one: MovingDeathTest stages that.
inline constexpr const char* kLeavingPoints[] = {"segment_given_up", "segment_successor_found"};

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_CRASH_CRASH_POINTS_H_

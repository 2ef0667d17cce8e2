#ifndef SHMETRICS_SHM_SNAPSHOT_SNAPSHOT_H_
#define SHMETRICS_SHM_SNAPSHOT_SNAPSHOT_H_

// Snapshot: everything a segment says at one moment, as plain checked data: no atomics, no offsets, no
// unchecked bytes. SnapshotReader makes it.

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shm/layout/enumerations.h"
#include "shm/workers/worker_end.h"

namespace shmetrics::shm {

/// What was skipped because it made no sense. All zero in a segment that only shmetrics has written to.
struct Skipped {
  std::uint64_t families = 0;    ///< records out of bounds or with impossible contents
  std::uint64_t series = 0;      ///< the same for series
  std::uint64_t chains = 0;      ///< chains that end nowhere or go in a circle
  std::uint64_t collisions = 0;  ///< families left out because an earlier one exposes the same sample names
  std::uint64_t gauges = 0;      ///< gauge cells that name no gauge series
  /// Leases with impossible contents, and shards of leases that lead nowhere or in a circle.
  std::uint64_t leases = 0;
  /// Whole exemplars with impossible contents, and series whose records lead nowhere.
  std::uint64_t exemplars = 0;
};

/// One bucket of one histogram series. It counts the values between the bound before and its own; it is not
/// cumulative.
struct BucketSnapshot {
  std::uint64_t count;
  double sum;
};

/// The latest exemplar of one bucket of a histogram series, or of a counter series.
struct ExemplarSnapshot {
  std::uint32_t bucket;  ///< which of the series' buckets; 0 for a counter
  std::string labels;    ///< escaped label block without braces, valid UTF-8: trace_id="4bf9"
  double value;          ///< the value observed, or the counter's increment
  std::int64_t unix_ns;  ///< time of the observation, CLOCK_REALTIME
};

/// One series. The texts belong to the reader and live as long as the snapshot holds `keep_alive`.
struct SeriesSnapshot {
  /// The metric name and the escaped label block in braces, as text 0.0.4 wants them: foo{a="b"}, or foo
  /// alone.
  std::string_view name_and_labels;
  std::uint32_t name_bytes;    ///< length of the name in it
  std::uint32_t first_bucket;  ///< for a histogram: index into Snapshot::buckets
  union {
    std::uint64_t integer;  ///< for a kCounter
    double number;          ///< for a kFractionalCounter or kGauge
  };
  /// For a per_worker gauge: the worker's slot, which is its `worker` label. Else -1.
  std::int32_t worker;
  /// Index of the series' first exemplar in Snapshot::exemplars. `exemplar_count` of them stand there in the
  /// order of their buckets.
  std::uint32_t first_exemplar = 0;
  std::uint32_t exemplar_count = 0;
  /// When a counter or histogram series was registered first; 0: not known.
  std::int64_t created_unix_ns = 0;
  /// For a gauge of mode most_recent or last: when it was set, in an order that holds between the segments of
  /// one host. Else without meaning.
  std::uint64_t ticket = 0;
  std::uint64_t reserved = 0;  ///< for a lease gauge: what the leases reserve in the ledger together

  /// The label block without braces: a="b",c="d"; empty without labels. `worker` is not part of it.
  std::string_view labels() const {
    return name_and_labels.size() == name_bytes
               ? std::string_view{}
               : name_and_labels.substr(name_bytes + 1, name_and_labels.size() - name_bytes - 2);
  }
};

/// One metric family that has at least one series to show, or had one. A lease gauge has one series for each
/// key that has live leases, in the order of their label blocks. Its value is the number of those leases.
struct FamilySnapshot {
  std::string_view name;
  std::string_view help;  ///< not escaped; valid UTF-8
  std::string_view unit;
  layout::MetricType type;
  layout::GaugeMode gauge_mode;  ///< kNone for other types than gauge
  std::span<const std::string_view> label_names;
  std::span<const double> bounds;  ///< for a histogram; a series has bounds.size() + 1 buckets
  /// Label sets that count against the family's limit, including those that show nothing now.
  std::uint64_t registered_series = 0;
  /// Label sets not registered. They are counted in the overflow series, or nowhere.
  std::uint64_t refused_series = 0;
  std::uint64_t refused_families = 0;  ///< registrations of this name with another definition
  std::vector<SeriesSnapshot> series;  ///< in the order of their registration
};

/// One worker slot that has ever been claimed.
struct WorkerSnapshot {
  std::uint32_t slot;
  bool alive;
  std::string name;   ///< valid UTF-8
  std::uint32_t pid;  ///< in the worker's own PID namespace; for people, proves nothing
  std::int64_t started_unix_ns;
  std::uint64_t epoch;       ///< how many workers have had this slot, this one included
  std::uint64_t leases = 0;  ///< live leases that it holds
  /// True if its identity is final and need not be read again: the worker had written all of it when it was
  /// read.
  bool is_settled = false;
  Ending ending{};     ///< how it ended, as it was when it was first seen dead
  Exits exits{};       ///< how the slot's owners before it ended, as far as the reader saw them itself
  Exits told_exits{};  ///< the same as the slot tells it
};

/// The segment itself.
struct SegmentSnapshot {
  std::array<std::uint8_t, 16> id;
  std::int64_t created_unix_ns;
  std::uint64_t bytes;            ///< the maximum it can grow to
  std::uint64_t committed_bytes;  ///< memory it has taken
  std::uint32_t stripe_count;
  std::uint32_t slot_count;
  std::uint32_t series_limit;
  std::uint32_t family_series_limit;
  std::uint64_t series_count;
  std::uint64_t family_count;
  std::uint64_t worker_starts;  ///< how often workers have taken a slot: the sum of all epochs
  Exits exits{};                ///< how those that are gone have ended
  std::uint32_t lease_limit;
  std::uint32_t ledger_limit;
  std::uint64_t lease_entries;     ///< entries for leases that have memory, in use or free
  std::uint64_t ledger_entries;    ///< keys in the ledger
  std::uint64_t ledger_forgotten;  ///< keys that the ledger has forgotten for want of room
  std::uint64_t ledger_jumps;      ///< days that time alone cannot have led to (ledger_clock.h)
  std::uint64_t leases;            ///< live leases
  std::uint64_t mutex_recoveries;  ///< takeovers of a lock whose holder died
  bool ledger_loaded;              ///< a worker has loaded what was saved before this segment was made
  std::array<std::uint64_t, layout::kRefusals> refusals;  ///< indexed by layout::Refusal
};

struct Snapshot {
  SegmentSnapshot segment;
  std::vector<FamilySnapshot> families;  ///< sorted by name
  std::vector<BucketSnapshot> buckets;

  /// The buckets of a histogram's series.
  std::span<const BucketSnapshot> BucketsOf(const FamilySnapshot& family,
                                            const SeriesSnapshot& series) const {
    return {buckets.data() + series.first_bucket, family.bounds.size() + 1};
  }
  std::vector<ExemplarSnapshot> exemplars;
  std::vector<WorkerSnapshot> workers;  ///< sorted by slot
  Skipped skipped;
  std::vector<std::shared_ptr<const void>> keep_alive;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SNAPSHOT_SNAPSHOT_H_

#ifndef SHMETRICS_SHM_LAYOUT_LAYOUT_H_
#define SHMETRICS_SHM_LAYOUT_LAYOUT_H_

// The blueprint of the segment: every shared byte is described here and nowhere else.
//
//   offset 0         Header        one page: written by the creator before the file has a name, then constant
//   4,096            MutableHeader one page of words that change
//   slots_offset     WorkerSlot    x slot_count
//   chains_offset    u32           x chain_count: heads of the directory's hash chains, Refs;
//                                  writer: any process that registers, by compare-and-swap (hash_chains.h)
//   shards_offset    LeaseShard    x 64, and their chains: see lease_layout.h
//   records_offset   records       families, series, gauge blocks, chunks of lease entries, exemplars
//                                  (exemplar_layout.h); grow upward
//        ...         (hole)        never touched, see arena.h
//   segment_bytes    cell blocks   grow downward from here; block k begins at
//                                  segment_bytes - (k + 1) * stripe_count * 4,096
//
// shm/README.md says what each file of this floor is for.
//
// Everything in namespace layout lies in shared memory: fixed-width integers, doubles and lock-free atomics
// of them. No pointers (offsets only), no bool, no size_t. Bytes read from here are input: bound them, never
// assert. A changed size or offset must be typed a second time in layout_test.cc, which is its purpose.

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "shm/base/path_view.h"
#include "shm/base/sip_hash.h"
#include "shm/cells.h"
#include "shm/layout/enumerations.h"
#include "shm/layout/exemplar_layout.h"
#include "shm/layout/lease_layout.h"

namespace shmetrics::shm::layout {

inline constexpr std::uint64_t kMagic = 0x4349'5254'454D'4853;  // "SHMETRIC" as the bytes lie in the file
inline constexpr std::size_t kPageBytes = 4096;

/// Names a record by its offset divided by kRecordAlignment, so that 32 bits reach 64 GiB. 0 is no record.
using Ref = std::uint32_t;
inline constexpr std::size_t kRecordAlignment = 16;

/// Names the function that computes Record::hash, see key_hash.h. Another function must have another number.
inline constexpr std::size_t kHashFunction = 5;

inline constexpr std::size_t kMaxNameBytes = 255;
inline constexpr std::size_t kMaxHelpBytes = 4096;
inline constexpr std::size_t kMaxLabels = 32;
inline constexpr std::uint64_t kMaxFamilies = 1U << 16U;
/// A chain of the directory has at most this many records: writers add no more, and a walk that gets further
/// goes in a circle. By chance alone, none comes near it: a segment has two series a chain, and 16 families a
/// chain if it has all it may have.
inline constexpr std::uint32_t kMaxChainLength = 1024;
inline constexpr std::uint32_t kFewestChains = 4096;
inline constexpr std::size_t kMaxLabelBlockBytes = 4096;  // before escaping, which can double it
/// A histogram's buckets stand side by side, so they must fit in one page of a stripe.
inline constexpr std::size_t kMaxBounds = kStripeBytes / sizeof(HistogramCell) - 1;

/// Constant after creation, so a plain read is enough. The creator writes it before linkat() gives the file
/// its name. That system call is the release; opening the file by name is the acquire.
struct Header {
  std::uint64_t magic;
  std::uint64_t signature;  ///< kSignature of the creator
  std::uint32_t major;      ///< kLayoutMajor of the creator
  std::uint32_t header_bytes;
  std::uint64_t segment_bytes;
  std::uint32_t stripe_count;  ///< kAtomicStripes + CPU stripes
  std::uint32_t slot_count;
  std::uint32_t chain_count;          ///< a power of two
  std::uint32_t series_limit;         ///< in the segment
  std::uint32_t family_series_limit;  ///< in one family
  std::uint32_t lease_limit;
  std::uint32_t ledger_limit;
  std::uint32_t lease_chain_count;  ///< of each kind in each shard; a power of two
  /// 1: leases are for processes of several PID namespaces; 0: of one.
  std::uint32_t shared_pid_namespaces;
  std::uint32_t reserved;
  std::uint64_t pid_namespace;  ///< inode of the creator's; 0: not known
  std::uint64_t slots_offset;
  std::uint64_t chains_offset;
  std::uint64_t shards_offset;
  std::uint64_t records_offset;
  std::int64_t created_unix_ns;  ///< CLOCK_REALTIME, for people
  std::uint8_t boot_id[16];
  std::uint8_t segment_id[16];  ///< random: tells this segment from the next one of the same name
  /// What the creator saw. To which segment the path leads there, that is the host's. All 0: not known.
  PathView creator_view;
  /// Random and secret: key_hash.h hashes by it. Only in the shared page; no process has a copy in its own
  /// memory, where a core dump would show it.
  HashKey hash_key;
  std::uint64_t checksum;  ///< of all bytes above
};

/// The words of the segment that change, each group on a cache line of its own. Page 1, behind the Header.
struct MutableHeader {
  /// Bytes handed out: records in the low half (units of 16 bytes from records_offset), cells in the high
  /// half (units of 8 bytes in one stripe). They share one word, so that the two regions cannot grow into
  /// each other. Writer: any allocating process, by compare-and-swap (arena.cc).
  alignas(64) std::atomic<std::uint64_t> used;
  /// End of the committed bytes at the front of the segment, and number of committed cell blocks at its back.
  /// Writer: any allocating process, by compare-and-swap after the pages exist (arena.cc).
  alignas(64) std::atomic<std::uint64_t> committed_front;
  std::atomic<std::uint64_t> committed_blocks;
  /// Raised before a record is published, and lowered again if none was. A process killed in between leaves
  /// one too many, never one too few. Writer: any registering process (directory.cc).
  alignas(64) std::atomic<std::uint64_t> series_count;
  std::atomic<std::uint64_t> family_count;
  /// The latest ticket of a set of a most_recent or last gauge: at least the time of that set,
  /// CLOCK_MONOTONIC in nanoseconds. Writer: any process that sets one or brings one here, by
  /// compare-and-swap (gauges.cc).
  alignas(64) std::atomic<std::uint64_t> ticket;
  /// How often a shard's mutex was taken over from a dead holder. Writer: the process that takes it over, by
  /// fetch_add.
  alignas(64) std::atomic<std::uint64_t> mutex_recoveries;
  /// 1: the ledger holds what was saved before this segment was made, or nothing was saved. Writer: any
  /// process that has finished loading it (client-lib). Release, pairing with the acquire of those who ask.
  std::atomic<std::uint32_t> ledger_loaded;
  /// 1: another segment has taken this one's place, so nothing may be decided here any more. Writer: any
  /// process that leaves this segment for that one (Segment::GiveWayTo). Release, pairing with the acquire of
  /// those who decide.
  std::atomic<std::uint32_t> superseded;
  /// Keys that the ledger has forgotten for want of room. Writer: the process that needs it, by fetch_add.
  std::atomic<std::uint64_t> ledger_forgotten;
  /// The day on which something was last added to the ledger, and when that was noted (ledger_clock.cc); 0:
  /// never. Writer: any process that adds something on another day, by compare-and-swap.
  std::atomic<std::uint64_t> ledger_day;
  /// How often that day was one that the time since the day before cannot have led to. Writer: as above, by
  /// fetch_add.
  std::atomic<std::uint64_t> ledger_jumps;
  /// Hints for those who look for a free slot (slot_search.h): how many slots have been given out, and where
  /// the search for the slots of dead workers goes on. Writer of both: any process that claims a slot, by an
  /// atomic step.
  alignas(64) std::atomic<std::uint32_t> slots_given;
  std::atomic<std::uint32_t> slot_cursor;
  /// Indexed by Refusal. Writer: any process that refuses, by fetch_add.
  alignas(64) std::atomic<std::uint64_t> refusals[kRefusals];
};

/// One owner's time in a slot, and how the owners before it ended (worker_end.h). Writer: only the process
/// that holds the slot's claim byte; `leases` and `stage` change while it lives.
struct Tenure {
  std::atomic<TenureStage> stage;
  /// Leases that the owner holds, or is about to take: raised before there is one, lowered after it has ended.
  std::atomic<std::uint32_t> leases;
  /// How many owners before this one ended by themselves, or executed another program. All others ended in an
  /// unknown way.
  std::atomic<std::uint32_t> ended_before;
  std::atomic<std::uint32_t> execs_before;
  /// How many of those that ended in an unknown way held leases or showed gauges.
  std::atomic<std::uint32_t> losses_before;
  std::uint32_t reserved;
};

/// A worker: one process that sets gauges or holds leases. Writer: only the process that holds the slot's two
/// lock bytes (worker_slot.h).
struct WorkerSlot {
  /// 0: never claimed. Each claim raises it before it changes anything else, so that a reader that sees the
  /// same epoch before and after has read one owner's words.
  std::atomic<std::uint64_t> epoch;
  std::atomic<std::int64_t> started_unix_ns;  ///< when the process began, CLOCK_REALTIME; for people
  std::atomic<std::uint32_t> pid;             ///< in the worker's own PID namespace; for people, and a hint
  std::atomic<std::uint32_t> gauge_blocks;    ///< Ref of the first GaugeBlock; kept from owner to owner
  std::atomic<std::uint64_t> name[4];         ///< UTF-8, zero-padded
  /// When the process began, in clock ticks since boot as /proc says it, and its PID namespace; 0: not known.
  /// They tell whether it lives on in another program.
  std::atomic<std::uint64_t> start_ticks;
  std::atomic<std::uint64_t> pid_namespace;
  /// The present owner's is tenures[epoch % 2]. The next owner prepares the other one before it raises the
  /// epoch, so the two change places in one step.
  Tenure tenures[2];
  std::uint64_t reserved;
};
inline constexpr std::size_t kWorkerNameBytes = sizeof(WorkerSlot::name);

/// A gauge's value, changed by one 16-byte compare-and-swap. Ticket 0: never set. Writer: the owner of its
/// row; for a gauge of mode last, any process.
struct alignas(16) GaugeCell {
  std::uint64_t value;  ///< the bits of a double
  std::uint64_t ticket;
};

/// Ticket of a cell whose value has moved to another segment with its owner: it has no value, and may not be
/// set.
inline constexpr std::uint64_t kMovedTicket = UINT64_MAX;

inline constexpr std::uint32_t kGaugesPerBlock = 48;

/// A part of a worker's gauge row. Writer: the owner of the slot. Readers: snapshot.
struct alignas(64) GaugeBlock {
  std::atomic<std::uint32_t> next;  ///< Ref of the next block, or 0; set once, never changed
  /// How many of `series` and `cells` the slot's present owner uses.
  std::atomic<std::uint32_t> used;
  std::uint32_t reserved[14];
  std::atomic<std::uint32_t> series[kGaugesPerBlock];  ///< Ref of the series each cell belongs to
  GaugeCell cells[kGaugesPerBlock];
};

/// The beginning of families and series. Written before publication, then constant.
struct Record {
  Ref next;         ///< next record of the same chain
  RecordKind kind;  ///< of what follows
  /// For a series: 1 if characters of its label values are escaped in its block.
  std::uint8_t has_escapes;
  std::uint8_t reserved[2];
  std::uint64_t hash;
};

/// One label set of one family. Followed by `label_bytes` bytes of text: method="GET",code="200"
struct SeriesRecord {
  Record record;
  Ref family;
  std::uint32_t label_bytes;
  /// For a counter, the offset of its cell in stripe 0; for a histogram, of its first bucket's cell; for a
  /// gauge of mode last, of its GaugeCell; for other gauges, 0.
  std::uint64_t cells;
  std::atomic<Visibility> visibility;  ///< Writer: any process that registers or removes the series.
  /// Ref of its first ExemplarRecord; 0: there has been no exemplar. Writer: the first process that has one,
  /// by compare-and-swap (exemplars.cc); then constant.
  std::atomic<std::uint32_t> exemplars;
  std::int64_t created_unix_ns;  ///< when it was registered first, CLOCK_REALTIME
};

/// A metric family. Followed by its bounds (doubles), then name, unit, help, then the label names, each after
/// one byte that gives its length.
struct FamilyRecord {
  Record record;
  MetricType type;
  GaugeMode gauge_mode;
  std::uint8_t label_count;
  std::uint8_t name_bytes;
  std::uint8_t unit_bytes;
  std::uint8_t bound_count;
  std::uint16_t help_bytes;
  std::uint32_t label_name_bytes;
  /// A series made together with the family, which is in no chain. In a family without labels it is the only
  /// one. Otherwise it is the overflow series, which takes what the limits refuse and is hidden until its
  /// first use. 0 for gauges with labels.
  Ref embedded;
  /// Series in chains. Writer: as for MutableHeader::series_count.
  std::atomic<std::uint32_t> series_count;
  std::uint32_t reserved;
  std::atomic<std::uint64_t> refused_series;  ///< Writer: any process that refused a label set here.
  /// Writer: any process that refused another definition of this name.
  std::atomic<std::uint64_t> refused_families;
};

/// Reads a field exactly once, although a hostile peer may be changing it, so that the value checked is the
/// value used. The compiler may repeat a plain read.
template <class T>
T ReadOnce(const T& field) {
  return *const_cast<const volatile T*>(&field);
}

static_assert(std::atomic<std::uint64_t>::is_always_lock_free &&
              std::atomic<std::uint32_t>::is_always_lock_free);
static_assert(sizeof(Header) <= kPageBytes && sizeof(MutableHeader) <= kPageBytes);
static_assert(BucketIndex::kMaxBounds == kMaxBounds);
static_assert(kMaxNameBytes <= UINT8_MAX && kMaxBounds <= UINT8_MAX && kMaxHelpBytes <= UINT16_MAX);

}  // namespace shmetrics::shm::layout

#endif  // SHMETRICS_SHM_LAYOUT_LAYOUT_H_

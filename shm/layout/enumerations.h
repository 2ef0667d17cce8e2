#ifndef SHMETRICS_SHM_LAYOUT_ENUMERATIONS_H_
#define SHMETRICS_SHM_LAYOUT_ENUMERATIONS_H_

// Numbers with a name that stand in the segment: never change one, only add. They are apart from layout.h,
// because whoever looks at a snapshot needs them and no byte of the segment.

#include <cstddef>
#include <cstdint>

namespace shmetrics::shm::layout {

enum class RecordKind : std::uint8_t { kFamily = 1, kSeries = 2 };

enum class MetricType : std::uint8_t { kCounter = 1, kFractionalCounter = 2, kGauge = 3, kHistogram = 4 };

/// How the values of several living workers become one. kNone is for other metric types.
enum class GaugeMode : std::uint8_t {
  kNone = 0,
  kSum = 1,
  kMin = 2,
  kMax = 3,
  kMostRecent = 4,
  kPerWorker = 5,
  kLast = 6,
  /// No values: it shows the number of live leases of each key.
  kLeases = 7,
  /// Labels that describe the worker, with the value 1. Shown while a worker that set them lives.
  kInfo = 8,
};

enum class Visibility : std::uint32_t { kShown = 1, kHidden = 2 };

/// How far the owner of a worker slot has got. A living owner that was killed is still kLiving: the kernel
/// says that it is dead.
enum class TenureStage : std::uint32_t {
  kClaiming = 0,  ///< it does not have the slot yet, or it died before it had
  kLiving = 1,
  kEnded = 2,  ///< it has said that it ends by itself, or has given the slot back
};

/// What was refused, for the counts in MutableHeader::refusals.
enum class Refusal : std::uint32_t {
  kInvalidDefinition = 0,  ///< a family with a bad name, label name or bounds
  kConflict = 1,           ///< a family registered with another definition
  kNameCollision = 2,      ///< a family whose sample names another family exposes
  kInvalidLabels = 3,      ///< a label set of the wrong size, with invalid UTF-8, or too long
  kSeriesLimit = 4,        ///< a label set beyond the family's or the segment's limit
  kSegmentFull = 5,        ///< the segment has reached its maximum
  kOutOfMemory = 6,        ///< tmpfs or the control group had no room to grow
  kNoFreeSlot = 7,         ///< a gauge of a process that got no worker slot
  kCorrupt = 8,            ///< a record of the segment made no sense to a worker
  kLeaseTableFull = 9,     ///< a lease beyond the segment's limit of leases
  kLedgerFull = 10,        ///< a user beyond the ledger's limit
  kBusy = 11,              ///< a decision not made, because another process held the shard's lock too long
  kForeignNamespace = 12,  ///< a lease of a process in another PID namespace
  kUnrecoverable = 13,     ///< a decision not made, because the shard's lock can never be taken again
  kInvalidExemplar = 14,   ///< an exemplar with bad labels, or with more than its record holds
  kNotOpenable = 15,       ///< a gauge or lease of a process that cannot open the segment's file again
  kAbsent = 16,       ///< a decision not made, because the segment has lost its name, or that is not known
  kUnknown = 17,      ///< the kernel did not say what the answer depends on: a namespace, the memory limit
  kNotFollowed = 18,  ///< a process that came here late, or not at all, from a segment that was replaced
};
inline constexpr std::size_t kRefusals = 19;

}  // namespace shmetrics::shm::layout

#endif  // SHMETRICS_SHM_LAYOUT_ENUMERATIONS_H_

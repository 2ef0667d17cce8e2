#include "shm/segment/refusal.h"

namespace shmetrics::shm {

std::optional<layout::Refusal> RefusalOf(ErrorCode code) {
  using layout::Refusal;
  switch (code) {
    case ErrorCode::kInvalidName:
    case ErrorCode::kInvalidBuckets:
      return Refusal::kInvalidDefinition;
    case ErrorCode::kConflict:
      return Refusal::kConflict;
    case ErrorCode::kNameCollision:
      return Refusal::kNameCollision;
    case ErrorCode::kInvalidLabels:
      return Refusal::kInvalidLabels;
    case ErrorCode::kSeriesLimit:
      return Refusal::kSeriesLimit;
    case ErrorCode::kSegmentFull:
      return Refusal::kSegmentFull;
    case ErrorCode::kOutOfMemory:
      return Refusal::kOutOfMemory;
    case ErrorCode::kNoFreeSlot:
      return Refusal::kNoFreeSlot;
    case ErrorCode::kCorrupt:
      return Refusal::kCorrupt;
    case ErrorCode::kLeaseTableFull:
      return Refusal::kLeaseTableFull;
    case ErrorCode::kLedgerFull:
      return Refusal::kLedgerFull;
    case ErrorCode::kBusy:
      return Refusal::kBusy;
    case ErrorCode::kForeignNamespace:
      return Refusal::kForeignNamespace;
    case ErrorCode::kUnrecoverable:
      return Refusal::kUnrecoverable;
    case ErrorCode::kUnknown:
      return Refusal::kUnknown;
    case ErrorCode::kAbsent:
      return Refusal::kAbsent;
    case ErrorCode::kNotOpenable:
      return Refusal::kNotOpenable;
    case ErrorCode::kSymlink:
    case ErrorCode::kNotRegular:
    case ErrorCode::kForeignOwner:
    case ErrorCode::kUnsafeMode:
    case ErrorCode::kHardLinked:
    case ErrorCode::kTruncated:
    case ErrorCode::kBadMagic:
    case ErrorCode::kOtherLayout:
    case ErrorCode::kOtherBoot:
    case ErrorCode::kNotCreatable:
    case ErrorCode::kBadOption:
    case ErrorCode::kLimitReached:
    case ErrorCode::kConcurrentStreams:
    case ErrorCode::kConcurrentJobs:
    case ErrorCode::kDailyMinutes:
    case ErrorCode::kNotUsed:
    case ErrorCode::kEnded:
      return std::nullopt;
  }
  return std::nullopt;
}

Error SegmentRefused(ErrorCode code, const std::string& path, const std::string& why) {
  return Error{code, "segment " + path + " refused: " + why};
}

}  // namespace shmetrics::shm

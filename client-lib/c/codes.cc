// The error numbers of the C interface. They are independent of ErrorCode, so that its order can change.

#include "client-lib/c/face.h"
#include "shmetrics/c.h"

std::uint32_t shmetrics_abi_version() { return SHMETRICS_ABI_VERSION; }

namespace shmetrics::internal {

// There is no default, so that the compiler names a code that is missing here.
shmetrics_code CodeOf(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::kAbsent:
      return SHMETRICS_ABSENT;
    case ErrorCode::kNotOpenable:
      return SHMETRICS_NOT_OPENABLE;
    case ErrorCode::kSymlink:
      return SHMETRICS_SYMLINK;
    case ErrorCode::kNotRegular:
      return SHMETRICS_NOT_REGULAR;
    case ErrorCode::kForeignOwner:
      return SHMETRICS_FOREIGN_OWNER;
    case ErrorCode::kUnsafeMode:
      return SHMETRICS_UNSAFE_MODE;
    case ErrorCode::kHardLinked:
      return SHMETRICS_HARD_LINKED;
    case ErrorCode::kTruncated:
      return SHMETRICS_TRUNCATED;
    case ErrorCode::kBadMagic:
      return SHMETRICS_BAD_MAGIC;
    case ErrorCode::kOtherLayout:
      return SHMETRICS_OTHER_LAYOUT;
    case ErrorCode::kOtherBoot:
      return SHMETRICS_OTHER_BOOT;
    case ErrorCode::kCorrupt:
      return SHMETRICS_CORRUPT;
    case ErrorCode::kNotCreatable:
      return SHMETRICS_NOT_CREATABLE;
    case ErrorCode::kOutOfMemory:
      return SHMETRICS_OUT_OF_MEMORY;
    case ErrorCode::kSegmentFull:
      return SHMETRICS_SEGMENT_FULL;
    case ErrorCode::kBadOption:
      return SHMETRICS_BAD_OPTION;
    case ErrorCode::kInvalidName:
      return SHMETRICS_INVALID_NAME;
    case ErrorCode::kInvalidLabels:
      return SHMETRICS_INVALID_LABELS;
    case ErrorCode::kInvalidBuckets:
      return SHMETRICS_INVALID_BUCKETS;
    case ErrorCode::kConflict:
      return SHMETRICS_CONFLICT;
    case ErrorCode::kNameCollision:
      return SHMETRICS_NAME_COLLISION;
    case ErrorCode::kSeriesLimit:
      return SHMETRICS_SERIES_LIMIT;
    case ErrorCode::kNoFreeSlot:
      return SHMETRICS_NO_FREE_SLOT;
    case ErrorCode::kLimitReached:
      return SHMETRICS_LIMIT_REACHED;
    case ErrorCode::kBusy:
      return SHMETRICS_BUSY;
    case ErrorCode::kLeaseTableFull:
      return SHMETRICS_LEASE_TABLE_FULL;
    case ErrorCode::kUnrecoverable:
      return SHMETRICS_UNRECOVERABLE;
    case ErrorCode::kForeignNamespace:
      return SHMETRICS_FOREIGN_NAMESPACE;
    case ErrorCode::kConcurrentStreams:
      return SHMETRICS_CONCURRENT_STREAMS;
    case ErrorCode::kConcurrentJobs:
      return SHMETRICS_CONCURRENT_JOBS;
    case ErrorCode::kDailyMinutes:
      return SHMETRICS_DAILY_MINUTES;
    case ErrorCode::kLedgerFull:
      return SHMETRICS_LEDGER_FULL;
    case ErrorCode::kNotUsed:
      return SHMETRICS_NOT_USED;
    case ErrorCode::kEnded:
      return SHMETRICS_ENDED;
    case ErrorCode::kUnknown:
      return SHMETRICS_UNKNOWN;
  }
  return SHMETRICS_OTHER;
}

}  // namespace shmetrics::internal

const char* shmetrics_code_name(shmetrics_code code) {
#define SHMETRICS_NAME_OF(constant) \
  case constant:                    \
    return #constant
  switch (code) {
    SHMETRICS_NAME_OF(SHMETRICS_OK);
    SHMETRICS_NAME_OF(SHMETRICS_BAD_ARGUMENT);
    SHMETRICS_NAME_OF(SHMETRICS_ENDED);
    SHMETRICS_NAME_OF(SHMETRICS_NOT_FOUND);
    SHMETRICS_NAME_OF(SHMETRICS_ALREADY_IN_USE);
    SHMETRICS_NAME_OF(SHMETRICS_OTHER);
    SHMETRICS_NAME_OF(SHMETRICS_ABSENT);
    SHMETRICS_NAME_OF(SHMETRICS_NOT_OPENABLE);
    SHMETRICS_NAME_OF(SHMETRICS_SYMLINK);
    SHMETRICS_NAME_OF(SHMETRICS_NOT_REGULAR);
    SHMETRICS_NAME_OF(SHMETRICS_FOREIGN_OWNER);
    SHMETRICS_NAME_OF(SHMETRICS_UNSAFE_MODE);
    SHMETRICS_NAME_OF(SHMETRICS_HARD_LINKED);
    SHMETRICS_NAME_OF(SHMETRICS_TRUNCATED);
    SHMETRICS_NAME_OF(SHMETRICS_BAD_MAGIC);
    SHMETRICS_NAME_OF(SHMETRICS_OTHER_LAYOUT);
    SHMETRICS_NAME_OF(SHMETRICS_OTHER_BOOT);
    SHMETRICS_NAME_OF(SHMETRICS_CORRUPT);
    SHMETRICS_NAME_OF(SHMETRICS_NOT_CREATABLE);
    SHMETRICS_NAME_OF(SHMETRICS_OUT_OF_MEMORY);
    SHMETRICS_NAME_OF(SHMETRICS_SEGMENT_FULL);
    SHMETRICS_NAME_OF(SHMETRICS_BAD_OPTION);
    SHMETRICS_NAME_OF(SHMETRICS_INVALID_NAME);
    SHMETRICS_NAME_OF(SHMETRICS_INVALID_LABELS);
    SHMETRICS_NAME_OF(SHMETRICS_INVALID_BUCKETS);
    SHMETRICS_NAME_OF(SHMETRICS_CONFLICT);
    SHMETRICS_NAME_OF(SHMETRICS_NAME_COLLISION);
    SHMETRICS_NAME_OF(SHMETRICS_SERIES_LIMIT);
    SHMETRICS_NAME_OF(SHMETRICS_NO_FREE_SLOT);
    SHMETRICS_NAME_OF(SHMETRICS_LIMIT_REACHED);
    SHMETRICS_NAME_OF(SHMETRICS_BUSY);
    SHMETRICS_NAME_OF(SHMETRICS_LEASE_TABLE_FULL);
    SHMETRICS_NAME_OF(SHMETRICS_UNRECOVERABLE);
    SHMETRICS_NAME_OF(SHMETRICS_FOREIGN_NAMESPACE);
    SHMETRICS_NAME_OF(SHMETRICS_CONCURRENT_STREAMS);
    SHMETRICS_NAME_OF(SHMETRICS_CONCURRENT_JOBS);
    SHMETRICS_NAME_OF(SHMETRICS_DAILY_MINUTES);
    SHMETRICS_NAME_OF(SHMETRICS_LEDGER_FULL);
    SHMETRICS_NAME_OF(SHMETRICS_NOT_USED);
    SHMETRICS_NAME_OF(SHMETRICS_UNKNOWN);
    default:
      return "SHMETRICS_OTHER";
  }
#undef SHMETRICS_NAME_OF
}

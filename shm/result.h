#ifndef SHMETRICS_SHM_RESULT_H_
#define SHMETRICS_SHM_RESULT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "needs_cpp20.h"

namespace shmetrics {

/// Why something was refused. Nothing in shmetrics throws or aborts: every failure is one of these, with a
/// sentence that says what happened, to what, and what to do. The idea is LevelDB's Status, with enough codes
/// that a caller can tell the outcomes of an attach apart without reading the sentence.
enum class ErrorCode : std::uint8_t {
  // Attaching to a segment, in the order in which the ladder looks.
  kAbsent,        ///< no file of that name
  kNotOpenable,   ///< the kernel refused to open or map it
  kSymlink,       ///< the name is a symbolic link
  kNotRegular,    ///< a directory, device, pipe or socket
  kForeignOwner,  ///< owned by none of: this user, root, the folder's owner
  kUnsafeMode,    ///< readable or writable by the world
  kHardLinked,    ///< the file has another name
  kTruncated,     ///< shorter than its own header says
  kBadMagic,      ///< not a shmetrics segment
  kOtherLayout,   ///< a segment, or a caller, of another layout of shmetrics
  kOtherBoot,     ///< left over from before a reboot
  kCorrupt,       ///< the header contradicts itself
  // Making or growing one.
  kNotCreatable,  ///< the folder or file could not be made
  kOutOfMemory,   ///< tmpfs, the machine or the control group has no room, or this process no memory left
  kSegmentFull,   ///< the segment has reached its configured maximum
  kBadOption,     ///< an option is out of its range
  // Metric families and series.
  kInvalidName,     ///< not a metric or label name, or a reserved one
  kInvalidLabels,   ///< wrong number of label values, invalid UTF-8, or too long
  kInvalidBuckets,  ///< bounds not finite, not increasing, or too many
  kConflict,        ///< registered before with another type, label set, bounds or mode
  kNameCollision,   ///< would expose a sample name that another family exposes
  kSeriesLimit,     ///< the family or the segment has its maximum of series
  // Workers.
  kNoFreeSlot,  ///< every worker slot belongs to a living process
  // Leases.
  kLimitReached,    ///< the key has as many live leases as the caller allows
  kBusy,            ///< another process held the lock of the key's shard for too long: no decision was made
  kLeaseTableFull,  ///< the segment has its maximum of leases
  kUnrecoverable,   ///< the lock of the key's shard can never be taken again
  kForeignNamespace,  ///< this process is in another PID namespace than the segment was made for, or a raw clone
  // Audio quotas.
  kConcurrentStreams,  ///< the user has as many streams as the tier allows
  kConcurrentJobs,     ///< the user has as many jobs as the tier allows
  kDailyMinutes,       ///< the user has used up the minutes of the day
  kLedgerFull,         ///< the segment has its maximum of users in the ledger
  // All of them.
  kUnknown,  ///< the kernel did not say what the answer depends on: a namespace of this process, its memory limit
  // Audio quotas, again: codes keep their values.
  kNotUsed,  ///< more minutes were to be given back than the user has used today
  kEnded,    ///< the reservation was settled or cancelled before, or it is a parent's
};

/// All codes, in the order of their values. Arrays by code are sized by it. A new code stands here too.
inline constexpr std::array kErrorCodes{
    ErrorCode::kAbsent,
    ErrorCode::kNotOpenable,
    ErrorCode::kSymlink,
    ErrorCode::kNotRegular,
    ErrorCode::kForeignOwner,
    ErrorCode::kUnsafeMode,
    ErrorCode::kHardLinked,
    ErrorCode::kTruncated,
    ErrorCode::kBadMagic,
    ErrorCode::kOtherLayout,
    ErrorCode::kOtherBoot,
    ErrorCode::kCorrupt,
    ErrorCode::kNotCreatable,
    ErrorCode::kOutOfMemory,
    ErrorCode::kSegmentFull,
    ErrorCode::kBadOption,
    ErrorCode::kInvalidName,
    ErrorCode::kInvalidLabels,
    ErrorCode::kInvalidBuckets,
    ErrorCode::kConflict,
    ErrorCode::kNameCollision,
    ErrorCode::kSeriesLimit,
    ErrorCode::kNoFreeSlot,
    ErrorCode::kLimitReached,
    ErrorCode::kBusy,
    ErrorCode::kLeaseTableFull,
    ErrorCode::kUnrecoverable,
    ErrorCode::kForeignNamespace,
    ErrorCode::kConcurrentStreams,
    ErrorCode::kConcurrentJobs,
    ErrorCode::kDailyMinutes,
    ErrorCode::kLedgerFull,
    ErrorCode::kUnknown,
    ErrorCode::kNotUsed,
    ErrorCode::kEnded,
};

namespace internal {
consteval bool ListsEachCodeInItsPlace() {
  for (std::size_t i = 0; i < kErrorCodes.size(); i++) {
    if (static_cast<std::size_t>(kErrorCodes[i]) != i) return false;
  }
  return true;
}
static_assert(ListsEachCodeInItsPlace());
}  // namespace internal

/// A failure. `message` is one line of plain text without a final full stop, safe to log.
struct Error {
  ErrorCode code;
  std::string message;
};

/// A value or an Error. Neither copying nor reading one allocates beyond what T and the message do.
/// Calling value() on an error, or error() on a value, is a bug of the caller.
template <class T>
class [[nodiscard]] Result {
 public:
  // Not explicit, so that a function may say `return value;` and `return error;`.
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() { return *std::get_if<T>(&state_); }
  const T& value() const { return *std::get_if<T>(&state_); }
  T* operator->() { return std::get_if<T>(&state_); }
  const T* operator->() const { return std::get_if<T>(&state_); }
  const Error& error() const { return *std::get_if<Error>(&state_); }

 private:
  std::variant<T, Error> state_;
};

/// Success or an Error, for operations that have nothing to give back.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return *std::get_if<Error>(&state_); }

 private:
  std::variant<std::monostate, Error> state_;
};

}  // namespace shmetrics

#endif  // SHMETRICS_SHM_RESULT_H_

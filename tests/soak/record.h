#ifndef SHMETRICS_TESTS_SOAK_RECORD_H_
#define SHMETRICS_TESTS_SOAK_RECORD_H_

#include <array>
#include <cstdint>

namespace shmetrics::soak {

enum class Kind : std::uint8_t {
  kBorn,         ///< the first record; number: pid
  kIntended,     ///< of a batch: what is about to be counted
  kConfirmed,    ///< of a batch: what has been counted
  kGaugesShown,  ///< from now on its gauges have values
  kStreamAsked,  ///< a stream is a lease without limit and TTL, of a key of the worker's own
  kStreamHeld,
  kStreamRefused,
  kStreamLeaving,
  kStreamLeft,
  kPlaceTaken,    ///< a place is a lease within a limit, of a key of all; number: which of the worker's
  kPlaceRenewed,  ///< number, until_ns
  kPlaceLeaving,  ///< number, time_ns
  kBroken,        ///< number: the promise
};

/// What only the worker itself can see broken.
enum class Broken : std::uint8_t {
  kLeaseEndedByItself,   ///< of a worker that lives, before its time
  kLeaseRenewedTooLate,  ///< its deadline had passed before renew() was called
  kLeaseOfParentLives,   ///< in a forked child
};

/// Workers have odd numbers, and each may fork one child, of the next.
inline constexpr bool IsChild(std::uint32_t incarnation) { return incarnation % 2 == 0; }

/// How often something is counted in one account (accounts.h).
struct Delta {
  std::uint32_t account;
  std::uint32_t count;
};

/// What a worker says through its pipe. A power of two in size, so that none is ever split by the end of the pipe's page: a
/// worker that is killed while it writes has written all of it or nothing.
struct Record {
  Kind kind{};
  std::uint8_t delta_count = 0;
  std::uint16_t key = 0;
  std::uint32_t number = 0;
  std::int64_t time_ns = 0;   ///< by CLOCK_MONOTONIC: from when a place is held for certain, or until when
  std::int64_t until_ns = 0;  ///< until when a place is held for certain, if it is neither left nor renewed
  std::array<Delta, 5> deltas{};
};
static_assert(sizeof(Record) == 64);

}  // namespace shmetrics::soak

#endif  // SHMETRICS_TESTS_SOAK_RECORD_H_

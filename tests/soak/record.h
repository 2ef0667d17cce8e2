#ifndef SHMETRICS_TESTS_SOAK_RECORD_H_
#define SHMETRICS_TESTS_SOAK_RECORD_H_

#include <array>
#include <cstdint>

namespace shmetrics::soak {

enum class Kind : std::uint8_t {
  kBorn,         ///< the first record; number: pid
  kIntended,     ///< what a batch is about to count
  kConfirmed,    ///< what a batch has counted
  kGaugesShown,  ///< from now on its gauges have values
  /// A stream is a lease without limit and TTL, with a key of the worker's own.
  kStreamAsked,
  kStreamHeld,
  kStreamRefused,
  kStreamLeaving,
  kStreamLeft,
  /// A place is a lease within a limit, with a key that all share. number: which of the worker's places.
  kPlaceTaken,
  kPlaceRenewed,  ///< number, until_ns
  kPlaceLeaving,  ///< number, time_ns
  /// It stands at a crash point with a shard locked, to be killed there. number: enum Holding.
  kHolding,
  kLetGo,   ///< it goes on, and still has the lock
  kBroken,  ///< number: the broken promise
};

/// Broken promises that only the worker itself can see.
enum class Broken : std::uint8_t {
  kLeaseEndedByItself,   ///< before its time, while the worker lives
  kLeaseRenewedTooLate,  ///< its deadline had passed before renew() was called
  kLeaseOfParentLives,   ///< in a forked child
};

/// How a worker holds the lock of a shard.
enum class Holding : std::uint8_t {
  kNot,
  kDeciding,   ///< its death leaves a lock to be taken over
  kRepairing,  ///< it is taking one over: its death leaves the same one
};

/// Workers have odd numbers. Each may fork one child, which has the next number.
inline constexpr bool IsChild(std::uint32_t incarnation) { return incarnation % 2 == 0; }

/// How often something is counted in one account (accounts.h).
struct Delta {
  std::uint32_t account;
  std::uint32_t count;
};

/// What a worker writes to its pipe. The size is a power of two, so the end of the pipe's page never splits a
/// record. A worker killed while it writes has written all of it or nothing.
struct Record {
  Kind kind{};
  std::uint8_t delta_count = 0;
  std::uint16_t key = 0;
  std::uint32_t number = 0;
  /// By CLOCK_MONOTONIC: the time from which, or until which, a place is held for certain.
  std::int64_t time_ns = 0;
  /// The time until which a place is held for certain, if it is neither left nor renewed.
  std::int64_t until_ns = 0;
  std::array<Delta, 5> deltas{};
};
static_assert(sizeof(Record) == 64);

}  // namespace shmetrics::soak

#endif  // SHMETRICS_TESTS_SOAK_RECORD_H_

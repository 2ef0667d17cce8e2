#ifndef SHMETRICS_TESTS_SOAK_ACCOUNTS_H_
#define SHMETRICS_TESTS_SOAK_ACCOUNTS_H_

// What the workers count. A scrape shows the size of certain numbers: each counter series, and each bucket of
// a histogram series. There is one account for each of them. Every value is a binary fraction, so sums are
// exact.

#include <array>
#include <cstdint>
#include <string>

namespace shmetrics::soak {

inline constexpr std::uint32_t kJobs = 6;       ///< series of soak_jobs_total{job}
inline constexpr std::uint32_t kMinutes = 3;    ///< series of soak_minutes_total{job}, a fractional counter
inline constexpr std::uint32_t kLatencies = 2;  ///< series of soak_seconds{job}, a histogram
/// Series of soak_visits_total{visitor}, which are registered little by little.
inline constexpr std::uint32_t kVisitors = 1'500;

inline constexpr double kMinutesEach = 0.25;
inline constexpr std::array<double, 3> kBounds = {0.25, 1, 4};
/// The values observed, one for each bucket.
inline constexpr std::array<double, 4> kObserved = {0.25, 0.5, 2, 8};
inline constexpr std::uint32_t kBuckets = kObserved.size();

inline constexpr std::uint32_t kFirstMinutes = kJobs;
inline constexpr std::uint32_t kFirstBucket = kFirstMinutes + kMinutes;
inline constexpr std::uint32_t kFirstVisitor = kFirstBucket + kLatencies * kBuckets;
inline constexpr std::uint32_t kAccounts = kFirstVisitor + kVisitors;

/// The name is long, so that the segment has to grow.
inline std::string VisitorName(std::uint32_t visitor) {
  return std::to_string(visitor) + '-' + std::string(200, 'v');
}

/// Keys of soak_places{key}: key k has k + 1 places.
inline constexpr std::uint32_t kPlaceKeys = 3;
/// Stands for a key of the worker's own, without a limit. No other worker ends an expired lease there.
inline constexpr std::uint32_t kOwnKey = kPlaceKeys;
inline constexpr std::uint32_t PlacesOf(std::uint32_t key) { return key + 1; }

}  // namespace shmetrics::soak

#endif  // SHMETRICS_TESTS_SOAK_ACCOUNTS_H_

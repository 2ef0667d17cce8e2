#ifndef SHMETRICS_CLIENT_LIB_BINDING_DETACHED_LEASES_H_
#define SHMETRICS_CLIENT_LIB_BINDING_DETACHED_LEASES_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "shm/leases/leases.h"
#include "shm/result.h"

namespace shmetrics::internal {

class FamilyBinding;

/// Leases within this process, for a program without a segment that asks for private decisions
/// (RegistryOptions). The limits then bind only this process, and no scrape shows the leases. A child has
/// none of its parent's. Thread-safe.
class DetachedLeases {
 public:
  /// Returns a number that names the lease in this process, or kLimitReached or kLeaseTableFull.
  static Result<std::uint64_t> Acquire(const FamilyBinding* family, std::span<const std::string_view> values,
                                       const shm::Leases::Terms& terms);
  static std::uint64_t CountLive(const FamilyBinding* family, std::span<const std::string_view> values);
  /// Like those of shm::Leases.
  static bool Renew(std::uint64_t lease, std::int64_t ttl_ns);
  static bool Release(std::uint64_t lease);
  static bool IsLive(std::uint64_t lease);
};

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_BINDING_DETACHED_LEASES_H_

// Leases of the C interface.

#include "shmetrics/lease.h"

#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

#include "client-lib/binding/lease_binding.h"
#include "client-lib/c/face.h"
#include "shmetrics/c.h"

struct shmetrics_lease {
  shmetrics::Lease lease;
};

namespace {

using namespace shmetrics::internal;  // NOLINT(google-build-using-namespace): what this file is the edge of
using shmetrics::LeaseOptions;

/// Null for null, and for a handle of another type.
shmetrics_lease* LeaseOf(const shmetrics_lease* handle) {
  return ObjectOf<shmetrics_lease>(ObjectType::kLease, handle);
}

constexpr const char* kNoLeaseFamily = "a null pointer, or not a family of leases";

/// The largest limit. One more would be what some languages make of -1.
constexpr std::int64_t kMaxLimit = std::numeric_limits<std::uint32_t>::max() - 1;

LeaseOptions OptionsOf(std::int64_t limit, std::int64_t ttl_ms, std::int64_t max_wait_ms) {
  LeaseOptions options;
  if (limit >= 0) options.limit = static_cast<std::uint32_t>(limit);
  if (ttl_ms != 0) options.ttl = std::chrono::milliseconds(ttl_ms);
  options.max_wait = MaxWaitOf(max_wait_ms);
  return options;
}

}  // namespace

shmetrics_code shmetrics_lease_try_acquire(const shmetrics_family* family, const char* const* values,
                                           std::size_t count, std::int64_t limit, std::int64_t ttl_ms,
                                           shmetrics_lease** lease, shmetrics_error* error) {
  return shmetrics_lease_try_acquire_within(family, values, count, limit, ttl_ms, 0, lease, error);
}

shmetrics_code shmetrics_lease_try_acquire_within(const shmetrics_family* family, const char* const* values,
                                                  std::size_t count, std::int64_t limit, std::int64_t ttl_ms,
                                                  std::int64_t max_wait_ms, shmetrics_lease** lease,
                                                  shmetrics_error* error) {
  if (lease == nullptr) return FailOnNull(error);
  *lease = nullptr;
  FamilyBinding* binding = BindingOf(family, FamilyKind::kLease);
  const Texts texts(values, count);
  if (binding == nullptr || !texts.ok()) return Fail(error, SHMETRICS_BAD_ARGUMENT, kNoLeaseFamily);
  if (limit > kMaxLimit) {
    return Fail(error, SHMETRICS_BAD_OPTION,
                "the limit of a lease must be at most 2^32 - 2; negative means unlimited");
  }
  if (ttl_ms < 0) return Fail(error, SHMETRICS_BAD_OPTION, "the TTL of a lease must not be less than 0");
  return Guarded(
      [&]() -> shmetrics_code {
        // Allocated first, so that no lease is taken in vain.
        auto made = std::make_unique<shmetrics_lease>();
        shmetrics::Result<shmetrics::Lease> acquired =
            LeaseBinding::Acquire(*binding, texts.get(), OptionsOf(limit, ttl_ms, max_wait_ms));
        if (!acquired.ok()) return Fail(error, acquired.error());
        made->lease = std::move(acquired.value());
        *lease = ToHandle<shmetrics_lease>(ObjectType::kLease, made.release());
        return Succeed(error);
      },
      [&] { return Fail(error, LeaseBinding::NoMemory(*binding)); });
}

shmetrics_code shmetrics_lease_renew(shmetrics_lease* lease) {
  shmetrics_lease* const held = LeaseOf(lease);
  if (held == nullptr) return SHMETRICS_BAD_ARGUMENT;
  return held->lease.renew() ? SHMETRICS_OK : SHMETRICS_ENDED;
}

shmetrics_code shmetrics_lease_release(shmetrics_lease* lease) {
  shmetrics_lease* const held = LeaseOf(lease);
  if (held == nullptr) return SHMETRICS_BAD_ARGUMENT;
  return held->lease.release() ? SHMETRICS_OK : SHMETRICS_ENDED;
}

shmetrics_code shmetrics_lease_check(const shmetrics_lease* lease) {
  const shmetrics_lease* const held = LeaseOf(lease);
  if (held == nullptr) return SHMETRICS_BAD_ARGUMENT;
  return held->lease.live() ? SHMETRICS_OK : SHMETRICS_ENDED;
}

void shmetrics_lease_free(shmetrics_lease* lease) { delete LeaseOf(lease); }

shmetrics_code shmetrics_lease_count(const shmetrics_family* family, const char* const* values,
                                     std::size_t count, std::uint64_t* live, shmetrics_error* error) {
  return shmetrics_lease_count_within(family, values, count, 0, live, error);
}

shmetrics_code shmetrics_lease_count_within(const shmetrics_family* family, const char* const* values,
                                            std::size_t count, std::int64_t max_wait_ms, std::uint64_t* live,
                                            shmetrics_error* error) {
  if (live == nullptr) return FailOnNull(error);
  *live = 0;
  FamilyBinding* binding = BindingOf(family, FamilyKind::kLease);
  const Texts texts(values, count);
  if (binding == nullptr || !texts.ok()) return Fail(error, SHMETRICS_BAD_ARGUMENT, kNoLeaseFamily);
  return Guarded(
      [&]() -> shmetrics_code {
        const shmetrics::Result<std::uint64_t> counted =
            LeaseBinding::CountLive(*binding, texts.get(), MaxWaitNs(MaxWaitOf(max_wait_ms)));
        if (!counted.ok()) return Fail(error, counted.error());
        *live = counted.value();
        return Succeed(error);
      },
      [&] { return Fail(error, LeaseBinding::NoMemory(*binding)); });
}

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

constexpr const char* kNoLeaseFamily = "a null pointer, or not a family of leases";

/// A TTL too long for a number of nanoseconds becomes the longest possible one.
std::chrono::nanoseconds ToNanoseconds(std::int64_t ms) {
  constexpr std::int64_t kMostMs = std::numeric_limits<std::int64_t>::max() / 1'000'000;
  return std::chrono::milliseconds(ms < kMostMs ? ms : kMostMs);
}

LeaseOptions OptionsOf(std::uint32_t limit, std::int64_t ttl_ms) {
  LeaseOptions options;
  if (limit != SHMETRICS_UNLIMITED) options.limit = limit;
  if (ttl_ms != 0) options.ttl = ToNanoseconds(ttl_ms);
  return options;
}

}  // namespace

shmetrics_code shmetrics_lease_try_acquire(const shmetrics_family* family, const char* const* values,
                                           std::size_t count, std::uint32_t limit, std::int64_t ttl_ms,
                                           shmetrics_lease** lease, shmetrics_error* error) {
  if (lease == nullptr) return FailOnNull(error);
  *lease = nullptr;
  FamilyBinding* binding = BindingOf(family, FamilyKind::kLease);
  const Texts texts(values, count);
  if (binding == nullptr || !texts.ok()) return Fail(error, SHMETRICS_BAD_ARGUMENT, kNoLeaseFamily);
  if (ttl_ms < 0) return Fail(error, SHMETRICS_BAD_OPTION, "the TTL of a lease must not be less than 0");
  return Guarded(error, [&]() -> shmetrics_code {
    // Allocated first, so that no lease is taken in vain.
    auto made = std::make_unique<shmetrics_lease>();
    shmetrics::Result<shmetrics::Lease> acquired =
        LeaseBinding::Acquire(*binding, texts.get(), OptionsOf(limit, ttl_ms));
    if (!acquired.ok()) return Fail(error, acquired.error());
    made->lease = std::move(acquired.value());
    *lease = made.release();
    return Succeed(error);
  });
}

shmetrics_code shmetrics_lease_renew(shmetrics_lease* lease) {
  if (lease == nullptr) return SHMETRICS_BAD_ARGUMENT;
  return lease->lease.renew() ? SHMETRICS_OK : SHMETRICS_ENDED;
}

shmetrics_code shmetrics_lease_release(shmetrics_lease* lease) {
  if (lease == nullptr) return SHMETRICS_BAD_ARGUMENT;
  return lease->lease.release() ? SHMETRICS_OK : SHMETRICS_ENDED;
}

shmetrics_code shmetrics_lease_check(const shmetrics_lease* lease) {
  if (lease == nullptr) return SHMETRICS_BAD_ARGUMENT;
  return lease->lease.live() ? SHMETRICS_OK : SHMETRICS_ENDED;
}

void shmetrics_lease_free(shmetrics_lease* lease) { delete lease; }

shmetrics_code shmetrics_lease_count(const shmetrics_family* family, const char* const* values,
                                     std::size_t count, std::uint64_t* live, shmetrics_error* error) {
  if (live == nullptr) return FailOnNull(error);
  *live = 0;
  FamilyBinding* binding = BindingOf(family, FamilyKind::kLease);
  const Texts texts(values, count);
  if (binding == nullptr || !texts.ok()) return Fail(error, SHMETRICS_BAD_ARGUMENT, kNoLeaseFamily);
  return Guarded(error, [&]() -> shmetrics_code {
    const shmetrics::Result<std::uint64_t> counted = LeaseBinding::CountLive(*binding, texts.get());
    if (!counted.ok()) return Fail(error, counted.error());
    *live = counted.value();
    return Succeed(error);
  });
}

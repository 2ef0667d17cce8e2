#ifndef SHMETRICS_CLIENT_LIB_C_QUOTA_HANDLE_H_
#define SHMETRICS_CLIENT_LIB_C_QUOTA_HANDLE_H_

// What the functions of the C interface that take a quota share.

#include <cstdint>
#include <limits>
#include <optional>

#include "client-lib/c/face.h"
#include "shmetrics/audio.h"
#include "shmetrics/c_audio.h"

namespace shmetrics::internal {

/// Null for null, and for a handle of another type.
inline const audio::Quota* QuotaOf(const shmetrics_quota* handle) noexcept {
  return ObjectOf<const audio::Quota>(ObjectType::kQuota, handle);
}

inline bool IsTier(shmetrics_tier tier) noexcept {
  return tier >= SHMETRICS_TIER_FREE && tier <= SHMETRICS_TIER_PREMIUM;
}

inline shmetrics_code FailOnTier(shmetrics_error* error) noexcept {
  return Fail(error, SHMETRICS_BAD_ARGUMENT, "there is no such tier");
}

inline std::optional<audio::Tier> TierOf(shmetrics_tier tier) noexcept {
  return tier == SHMETRICS_TIER_NONE ? std::nullopt : std::optional(static_cast<audio::Tier>(tier));
}

/// In place of a limit of minutes that is none.
inline constexpr double kNoLimit = std::numeric_limits<double>::infinity();

inline audio::Limits LimitsOf(const shmetrics_limits& given) {
  const auto number = [](std::uint32_t limit) {
    return limit == SHMETRICS_NO_LIMIT ? std::nullopt : std::optional(limit);
  };
  return {given.daily_minutes < kNoLimit ? std::optional(given.daily_minutes) : std::nullopt,
          number(given.concurrent_streams), number(given.concurrent_jobs), number(given.max_file_size_mb)};
}

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_C_QUOTA_HANDLE_H_

// The minutes of the C interface that are not decided at once: read, recorded, given back.

#include <optional>

#include "client-lib/c/face.h"
#include "client-lib/c/quota_handle.h"
#include "shmetrics/audio.h"
#include "shmetrics/c.h"

namespace {

using namespace shmetrics::internal;  // NOLINT(google-build-using-namespace): what this file is the edge of
using shmetrics::audio::DailyMinutes;
using shmetrics::audio::MinutesResult;

/// Checks what all functions here take.
shmetrics_code CheckArguments(const shmetrics_quota* quota, const char* user_id, shmetrics_tier tier,
                              shmetrics_minutes* state, shmetrics_error* error) {
  if (state != nullptr) *state = {};
  if (!IsOf(HandleType::kPointer, quota) || user_id == nullptr) return FailOnNull(error);
  if (tier != SHMETRICS_TIER_NONE && !IsTier(tier)) return FailOnTier(error);
  return SHMETRICS_OK;
}

shmetrics_code Tell(const MinutesResult& result, shmetrics_minutes* state, shmetrics_error* error) {
  if (state != nullptr && result.day()) {
    const DailyMinutes& day = *result.day();
    *state = {day.used, day.limit.value_or(kNoLimit), day.remaining.value_or(kNoLimit), day.reserved};
  }
  return result.ok() ? Succeed(error) : Fail(error, result.error());
}

}  // namespace

shmetrics_code shmetrics_quota_daily_minutes(const shmetrics_quota* quota, const char* user_id,
                                             shmetrics_tier tier, std::int64_t max_wait_ms,
                                             shmetrics_minutes* state, shmetrics_error* error) {
  if (const shmetrics_code code = CheckArguments(quota, user_id, tier, state, error)) return code;
  return Guarded(error, [&] {
    return Tell(QuotaOf(quota).daily_minutes(user_id, TierOf(tier), MaxWaitOf(max_wait_ms)), state, error);
  });
}

shmetrics_code shmetrics_quota_record_daily_minutes(const shmetrics_quota* quota, const char* user_id,
                                                    double minutes, shmetrics_tier tier,
                                                    std::int64_t max_wait_ms, shmetrics_minutes* state,
                                                    shmetrics_error* error) {
  if (const shmetrics_code code = CheckArguments(quota, user_id, tier, state, error)) return code;
  return Guarded(error, [&] {
    return Tell(QuotaOf(quota).record_daily_minutes(user_id, minutes, TierOf(tier), MaxWaitOf(max_wait_ms)),
                state, error);
  });
}

shmetrics_code shmetrics_quota_refund_daily_minutes(const shmetrics_quota* quota, const char* user_id,
                                                    double minutes, shmetrics_tier tier,
                                                    std::int64_t max_wait_ms, shmetrics_minutes* state,
                                                    shmetrics_error* error) {
  if (const shmetrics_code code = CheckArguments(quota, user_id, tier, state, error)) return code;
  return Guarded(error, [&] {
    return Tell(QuotaOf(quota).refund_daily_minutes(user_id, minutes, TierOf(tier), MaxWaitOf(max_wait_ms)),
                state, error);
  });
}

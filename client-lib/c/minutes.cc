// The minutes of the C interface that are not decided at once: read, recorded, given back, reserved.

#include <memory>
#include <optional>
#include <utility>

#include "client-lib/c/face.h"
#include "client-lib/c/quota_handle.h"
#include "shmetrics/audio.h"
#include "shmetrics/c.h"

struct shmetrics_reservation {
  shmetrics::audio::Reservation reservation;
};

namespace {

using namespace shmetrics::internal;  // NOLINT(google-build-using-namespace): what this file is the edge of
using shmetrics::audio::DailyMinutes;
using shmetrics::audio::MinutesResult;
using shmetrics::audio::ReserveResult;

/// Null for null, and for a handle of another type.
shmetrics_reservation* ReservationOf(const shmetrics_reservation* handle) {
  return ObjectOf<shmetrics_reservation>(ObjectType::kReservation, handle);
}

/// Checks what all functions here take.
shmetrics_code CheckArguments(const shmetrics_quota* quota, const char* user_id, shmetrics_tier tier,
                              shmetrics_minutes* state, shmetrics_error* error) {
  if (state != nullptr) *state = {};
  if (QuotaOf(quota) == nullptr || user_id == nullptr) return FailOnNull(error);
  if (tier != SHMETRICS_TIER_NONE && !IsTier(tier)) return FailOnTier(error);
  return SHMETRICS_OK;
}

void Tell(const std::optional<DailyMinutes>& day, shmetrics_minutes* state) {
  if (state == nullptr || !day) return;
  *state = {day->used, day->limit.value_or(kNoLimit), day->remaining.value_or(kNoLimit), day->reserved};
}

shmetrics_code Tell(const MinutesResult& result, shmetrics_minutes* state, shmetrics_error* error) {
  Tell(result.day(), state);
  return result.ok() ? Succeed(error) : Fail(error, result.error());
}

}  // namespace

shmetrics_code shmetrics_quota_daily_minutes(const shmetrics_quota* quota, const char* user_id,
                                             shmetrics_tier tier, std::int64_t max_wait_ms,
                                             shmetrics_minutes* state, shmetrics_error* error) {
  if (const shmetrics_code code = CheckArguments(quota, user_id, tier, state, error)) return code;
  return Guarded(error, [&] {
    return Tell(QuotaOf(quota)->daily_minutes(user_id, TierOf(tier), MaxWaitOf(max_wait_ms)), state, error);
  });
}

shmetrics_code shmetrics_quota_record_daily_minutes(const shmetrics_quota* quota, const char* user_id,
                                                    double minutes, shmetrics_tier tier,
                                                    std::int64_t max_wait_ms, shmetrics_minutes* state,
                                                    shmetrics_error* error) {
  if (const shmetrics_code code = CheckArguments(quota, user_id, tier, state, error)) return code;
  return Guarded(error, [&] {
    return Tell(QuotaOf(quota)->record_daily_minutes(user_id, minutes, TierOf(tier), MaxWaitOf(max_wait_ms)),
                state, error);
  });
}

shmetrics_code shmetrics_quota_refund_daily_minutes(const shmetrics_quota* quota, const char* user_id,
                                                    double minutes, shmetrics_tier tier,
                                                    std::int64_t max_wait_ms, shmetrics_minutes* state,
                                                    shmetrics_error* error) {
  if (const shmetrics_code code = CheckArguments(quota, user_id, tier, state, error)) return code;
  return Guarded(error, [&] {
    return Tell(QuotaOf(quota)->refund_daily_minutes(user_id, minutes, TierOf(tier), MaxWaitOf(max_wait_ms)),
                state, error);
  });
}

shmetrics_code shmetrics_quota_reserve_daily_minutes(const shmetrics_quota* quota, const char* user_id,
                                                     double estimate, shmetrics_tier tier,
                                                     std::int64_t max_wait_ms,
                                                     shmetrics_reservation** reservation,
                                                     shmetrics_minutes* state, shmetrics_error* error) {
  if (reservation != nullptr) *reservation = nullptr;
  if (const shmetrics_code code = CheckArguments(quota, user_id, tier, state, error)) return code;
  if (reservation == nullptr) return FailOnNull(error);
  return Guarded(error, [&]() -> shmetrics_code {
    // Allocated first, so that nothing is reserved in vain.
    auto made = std::make_unique<shmetrics_reservation>();
    ReserveResult reserved =
        QuotaOf(quota)->reserve_daily_minutes(user_id, estimate, TierOf(tier), MaxWaitOf(max_wait_ms));
    Tell(reserved.day(), state);
    if (!reserved.ok()) return Fail(error, reserved.error());
    made->reservation = std::move(reserved.value());
    *reservation = ToHandle<shmetrics_reservation>(ObjectType::kReservation, made.release());
    return Succeed(error);
  });
}

shmetrics_code shmetrics_reservation_settle(shmetrics_reservation* reservation, double minutes,
                                            std::int64_t max_wait_ms, shmetrics_minutes* state,
                                            shmetrics_error* error) {
  if (state != nullptr) *state = {};
  shmetrics_reservation* const held = ReservationOf(reservation);
  if (held == nullptr) return FailOnNull(error);
  return Guarded(
      error, [&] { return Tell(held->reservation.settle(minutes, MaxWaitOf(max_wait_ms)), state, error); });
}

shmetrics_code shmetrics_reservation_cancel(shmetrics_reservation* reservation) {
  shmetrics_reservation* const held = ReservationOf(reservation);
  if (held == nullptr) return SHMETRICS_BAD_ARGUMENT;
  return held->reservation.cancel() ? SHMETRICS_OK : SHMETRICS_ENDED;
}

shmetrics_code shmetrics_reservation_check(const shmetrics_reservation* reservation) {
  const shmetrics_reservation* const held = ReservationOf(reservation);
  if (held == nullptr) return SHMETRICS_BAD_ARGUMENT;
  return held->reservation.active() ? SHMETRICS_OK : SHMETRICS_ENDED;
}

void shmetrics_reservation_free(shmetrics_reservation* reservation) { delete ReservationOf(reservation); }

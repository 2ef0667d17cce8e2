// The audio quotas of the C interface.

#include "shmetrics/audio.h"

#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "client-lib/binding/never_freed.h"
#include "client-lib/c/face.h"
#include "client-lib/c/quota_handle.h"
#include "shmetrics/c.h"

struct shmetrics_activity {
  shmetrics::audio::Activity activity;
};

namespace {

using namespace shmetrics::internal;  // NOLINT(google-build-using-namespace): what this file is the edge of
using shmetrics::Duration;
using shmetrics::Result;
using shmetrics::audio::Activity;
using shmetrics::audio::Lifetime;
using shmetrics::audio::MinutesResult;
using shmetrics::audio::Quota;
using shmetrics::audio::QuotaStatus;
using shmetrics::audio::StartOptions;
using shmetrics::audio::Tier;

static_assert(SHMETRICS_TIER_FREE == static_cast<int>(Tier::free));
static_assert(SHMETRICS_TIER_STANDARD == static_cast<int>(Tier::standard));
static_assert(SHMETRICS_TIER_PREMIUM == static_cast<int>(Tier::premium));

shmetrics_activity* ActivityOf(const shmetrics_activity* handle) {
  return ObjectOf<shmetrics_activity>(ObjectType::kActivity, handle);
}

/// Throws std::bad_alloc.
QuotaStatus StatusOf(const Quota& quota) {
  QuotaStatus status = quota.status();
  if (status.is_out_of_memory) throw std::bad_alloc();
  return status;
}

/// Sets `*result` to into_c() of the value that ask() returns.
template <class Ask, class Value, class IntoC>
shmetrics_code Answer(Value* result, shmetrics_error* error, Ask ask, IntoC into_c) {
  return Guarded(error, [&]() -> shmetrics_code {
    const auto answer = ask();
    if (!answer.ok()) return Fail(error, answer.error());
    if (result != nullptr) *result = into_c(answer.value());
    return Succeed(error);
  });
}

using TryStart = Result<Activity> (Quota::*)(std::string_view, const StartOptions&) const noexcept;

shmetrics_code Start(const shmetrics_quota* quota, const char* user_id, const shmetrics_start_options* given,
                     TryStart try_start, shmetrics_activity** activity, shmetrics_error* error) {
  if (activity != nullptr) *activity = nullptr;
  if (QuotaOf(quota) == nullptr || user_id == nullptr || activity == nullptr) return FailOnNull(error);
  StartOptions options;
  if (given != nullptr) {
    if (const shmetrics_code code = CheckSize(given, given->size, sizeof(*given), error)) return code;
    if (given->tier != SHMETRICS_TIER_NONE && !IsTier(given->tier)) return FailOnTier(error);
    if (given->lifetime < SHMETRICS_LIFETIME_DEFAULT || given->lifetime > SHMETRICS_LIFETIME_WORKER) {
      return Fail(error, SHMETRICS_BAD_ARGUMENT, "there is no such lifetime");
    }
    options.tier = TierOf(given->tier);
    if (given->lifetime == SHMETRICS_LIFETIME_TTL) options.lifetime = Lifetime::ttl;
    if (given->lifetime == SHMETRICS_LIFETIME_WORKER) options.lifetime = Lifetime::worker;
    options.max_wait = MaxWaitOf(given->max_wait_ms);
  }
  return Guarded(error, [&]() -> shmetrics_code {
    // Allocated first, so that nothing is started in vain.
    auto made = std::make_unique<shmetrics_activity>();
    Result<Activity> started = (QuotaOf(quota)->*try_start)(user_id, options);
    if (!started.ok()) return Fail(error, started.error());
    made->activity = std::move(started.value());
    *activity = ToHandle<shmetrics_activity>(ObjectType::kActivity, made.release());
    return Succeed(error);
  });
}

using CountActive = Result<std::uint64_t> (Quota::*)(std::string_view,
                                                     std::optional<Duration>) const noexcept;

shmetrics_code Count(const shmetrics_quota* quota, const char* user_id, CountActive count,
                     std::int64_t max_wait_ms, std::uint64_t* active, shmetrics_error* error) {
  if (active != nullptr) *active = 0;
  if (QuotaOf(quota) == nullptr || user_id == nullptr || active == nullptr) return FailOnNull(error);
  return Answer(
      active, error, [&] { return (QuotaOf(quota)->*count)(user_id, MaxWaitOf(max_wait_ms)); },
      [](std::uint64_t number) { return number; });
}

using Spend = MinutesResult (Quota::*)(std::string_view, double, std::optional<Tier>,
                                       std::optional<Duration>) const noexcept;

shmetrics_code SpendMinutes(const shmetrics_quota* quota, const char* user_id, double minutes,
                            shmetrics_tier tier, Spend spend, std::int64_t max_wait_ms,
                            shmetrics_daily_minutes* state, shmetrics_error* error) {
  if (state != nullptr) *state = {};
  if (QuotaOf(quota) == nullptr || user_id == nullptr) return FailOnNull(error);
  if (tier != SHMETRICS_TIER_NONE && !IsTier(tier)) return FailOnTier(error);
  return Guarded(error, [&]() -> shmetrics_code {
    const MinutesResult spent =
        (QuotaOf(quota)->*spend)(user_id, minutes, TierOf(tier), MaxWaitOf(max_wait_ms));
    if (state != nullptr && spent.day()) {
      *state = {spent.day()->used, spent.day()->limit.value_or(kNoLimit),
                spent.day()->remaining.value_or(kNoLimit)};
    }
    return spent.ok() ? Succeed(error) : Fail(error, spent.error());
  });
}

}  // namespace

shmetrics_code shmetrics_quota_create(shmetrics_registry* registry, const char* config,
                                      shmetrics_quota** quota, shmetrics_error* error) {
  return shmetrics_quota_create_in(registry, nullptr, nullptr, config, quota, error);
}

shmetrics_code shmetrics_quota_create_in(shmetrics_registry* registry, const char* domain,
                                         const shmetrics_limits* limits, const char* config,
                                         shmetrics_quota** quota, shmetrics_error* error) {
  if (quota != nullptr) *quota = nullptr;
  shmetrics::Registry* const in = RegistryOf(registry);
  if (in == nullptr || quota == nullptr) return FailOnNull(error);
  return Guarded(error, [&]() -> shmetrics_code {
    shmetrics::audio::QuotaOptions options{.config = config == nullptr ? "" : config};
    if (domain != nullptr) options.domain = domain;
    if (limits != nullptr) options.limits = {LimitsOf(limits[0]), LimitsOf(limits[1]), LimitsOf(limits[2])};
    auto made = std::make_unique<Quota>(*in, options);
    if (made->status().is_out_of_memory) throw std::bad_alloc();
    KeepNeverFreed(made.get());
    *quota = ToHandle<shmetrics_quota>(ObjectType::kQuota, made.release());
    return Succeed(error);
  });
}

shmetrics_code shmetrics_quota_config(const shmetrics_quota* quota, char* buffer, std::size_t capacity,
                                      std::size_t* length) {
  WriteText("", buffer, capacity, length);
  if (QuotaOf(quota) == nullptr) return SHMETRICS_BAD_ARGUMENT;
  return Guarded(nullptr,
                 [&] { return WriteText(StatusOf(*QuotaOf(quota)).config, buffer, capacity, length); });
}

shmetrics_code shmetrics_quota_warnings(const shmetrics_quota* quota, char* buffer, std::size_t capacity,
                                        std::size_t* length) {
  WriteText("", buffer, capacity, length);
  if (QuotaOf(quota) == nullptr) return SHMETRICS_BAD_ARGUMENT;
  return Guarded(nullptr, [&] {
    std::string text;
    const QuotaStatus status = StatusOf(*QuotaOf(quota));
    for (const std::string& warning : status.warnings) {
      text += (text.empty() ? "" : "\n") + warning;
    }
    return WriteText(text, buffer, capacity, length);
  });
}

shmetrics_code shmetrics_quota_try_start_stream(const shmetrics_quota* quota, const char* user_id,
                                                const shmetrics_start_options* options,
                                                shmetrics_activity** stream, shmetrics_error* error) {
  return Start(quota, user_id, options, &Quota::try_start_stream, stream, error);
}

shmetrics_code shmetrics_quota_try_start_job(const shmetrics_quota* quota, const char* user_id,
                                             const shmetrics_start_options* options, shmetrics_activity** job,
                                             shmetrics_error* error) {
  return Start(quota, user_id, options, &Quota::try_start_job, job, error);
}

shmetrics_code shmetrics_activity_heartbeat(shmetrics_activity* activity) {
  shmetrics_activity* const going = ActivityOf(activity);
  if (going == nullptr) return SHMETRICS_BAD_ARGUMENT;
  return going->activity.heartbeat() ? SHMETRICS_OK : SHMETRICS_ENDED;
}

shmetrics_code shmetrics_activity_finish(shmetrics_activity* activity) {
  shmetrics_activity* const going = ActivityOf(activity);
  if (going == nullptr) return SHMETRICS_BAD_ARGUMENT;
  return going->activity.finish() ? SHMETRICS_OK : SHMETRICS_ENDED;
}

shmetrics_code shmetrics_activity_check(const shmetrics_activity* activity) {
  const shmetrics_activity* const going = ActivityOf(activity);
  if (going == nullptr) return SHMETRICS_BAD_ARGUMENT;
  return going->activity.active() ? SHMETRICS_OK : SHMETRICS_ENDED;
}

void shmetrics_activity_free(shmetrics_activity* activity) { delete ActivityOf(activity); }

shmetrics_code shmetrics_quota_active_streams(const shmetrics_quota* quota, const char* user_id,
                                              std::uint64_t* active, shmetrics_error* error) {
  return shmetrics_quota_active_streams_within(quota, user_id, 0, active, error);
}

shmetrics_code shmetrics_quota_active_streams_within(const shmetrics_quota* quota, const char* user_id,
                                                     std::int64_t max_wait_ms, std::uint64_t* active,
                                                     shmetrics_error* error) {
  return Count(quota, user_id, &Quota::active_streams, max_wait_ms, active, error);
}

shmetrics_code shmetrics_quota_active_jobs(const shmetrics_quota* quota, const char* user_id,
                                           std::uint64_t* active, shmetrics_error* error) {
  return shmetrics_quota_active_jobs_within(quota, user_id, 0, active, error);
}

shmetrics_code shmetrics_quota_active_jobs_within(const shmetrics_quota* quota, const char* user_id,
                                                  std::int64_t max_wait_ms, std::uint64_t* active,
                                                  shmetrics_error* error) {
  return Count(quota, user_id, &Quota::active_jobs, max_wait_ms, active, error);
}

shmetrics_code shmetrics_quota_consume_daily_minutes(const shmetrics_quota* quota, const char* user_id,
                                                     double minutes, shmetrics_tier tier,
                                                     shmetrics_daily_minutes* state, shmetrics_error* error) {
  return shmetrics_quota_consume_daily_minutes_within(quota, user_id, minutes, tier, 0, state, error);
}

shmetrics_code shmetrics_quota_consume_daily_minutes_within(const shmetrics_quota* quota, const char* user_id,
                                                            double minutes, shmetrics_tier tier,
                                                            std::int64_t max_wait_ms,
                                                            shmetrics_daily_minutes* state,
                                                            shmetrics_error* error) {
  return SpendMinutes(quota, user_id, minutes, tier, &Quota::consume_daily_minutes, max_wait_ms, state,
                      error);
}

shmetrics_code shmetrics_quota_check_daily_minutes(const shmetrics_quota* quota, const char* user_id,
                                                   double minutes, shmetrics_tier tier,
                                                   shmetrics_daily_minutes* state, shmetrics_error* error) {
  return shmetrics_quota_check_daily_minutes_within(quota, user_id, minutes, tier, 0, state, error);
}

shmetrics_code shmetrics_quota_check_daily_minutes_within(const shmetrics_quota* quota, const char* user_id,
                                                          double minutes, shmetrics_tier tier,
                                                          std::int64_t max_wait_ms,
                                                          shmetrics_daily_minutes* state,
                                                          shmetrics_error* error) {
  return SpendMinutes(quota, user_id, minutes, tier, &Quota::check_daily_minutes, max_wait_ms, state, error);
}

shmetrics_code shmetrics_quota_set_tier(const shmetrics_quota* quota, const char* user_id,
                                        shmetrics_tier tier, shmetrics_error* error) {
  return shmetrics_quota_set_tier_within(quota, user_id, tier, 0, error);
}

shmetrics_code shmetrics_quota_set_tier_within(const shmetrics_quota* quota, const char* user_id,
                                               shmetrics_tier tier, std::int64_t max_wait_ms,
                                               shmetrics_error* error) {
  if (QuotaOf(quota) == nullptr || user_id == nullptr) return FailOnNull(error);
  if (!IsTier(tier)) return FailOnTier(error);
  return Guarded(error, [&]() -> shmetrics_code {
    const Result<void> set =
        QuotaOf(quota)->set_tier(user_id, static_cast<Tier>(tier), MaxWaitOf(max_wait_ms));
    return set.ok() ? Succeed(error) : Fail(error, set.error());
  });
}

shmetrics_code shmetrics_quota_tier(const shmetrics_quota* quota, const char* user_id, shmetrics_tier* tier,
                                    shmetrics_error* error) {
  return shmetrics_quota_tier_within(quota, user_id, 0, tier, error);
}

shmetrics_code shmetrics_quota_tier_within(const shmetrics_quota* quota, const char* user_id,
                                           std::int64_t max_wait_ms, shmetrics_tier* tier,
                                           shmetrics_error* error) {
  if (tier != nullptr) *tier = SHMETRICS_TIER_NONE;
  if (QuotaOf(quota) == nullptr || user_id == nullptr || tier == nullptr) return FailOnNull(error);
  return Answer(
      tier, error, [&] { return QuotaOf(quota)->tier(user_id, MaxWaitOf(max_wait_ms)); },
      [](Tier found) { return static_cast<shmetrics_tier>(found); });
}

shmetrics_code shmetrics_quota_limits(const shmetrics_quota* quota, shmetrics_tier tier,
                                      shmetrics_limits* limits) {
  if (limits != nullptr) *limits = {};
  if (QuotaOf(quota) == nullptr || limits == nullptr || !IsTier(tier)) return SHMETRICS_BAD_ARGUMENT;
  const shmetrics::audio::Limits found = QuotaOf(quota)->limits(static_cast<Tier>(tier));
  *limits = {found.daily_minutes.value_or(kNoLimit), found.concurrent_streams.value_or(SHMETRICS_NO_LIMIT),
             found.concurrent_jobs.value_or(SHMETRICS_NO_LIMIT),
             found.max_file_size_mb.value_or(SHMETRICS_NO_LIMIT), 0};
  return SHMETRICS_OK;
}

shmetrics_code shmetrics_quota_announce_model(const shmetrics_quota* quota, const char* model,
                                              shmetrics_error* error) {
  return shmetrics_quota_announce_model_within(quota, model, 0, error);
}

shmetrics_code shmetrics_quota_announce_model_within(const shmetrics_quota* quota, const char* model,
                                                     std::int64_t max_wait_ms, shmetrics_error* error) {
  if (QuotaOf(quota) == nullptr || model == nullptr) return FailOnNull(error);
  return Guarded(error, [&]() -> shmetrics_code {
    const Result<void> announced = QuotaOf(quota)->announce_model(model, MaxWaitOf(max_wait_ms));
    return announced.ok() ? Succeed(error) : Fail(error, announced.error());
  });
}

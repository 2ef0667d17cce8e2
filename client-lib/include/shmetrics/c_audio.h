#ifndef SHMETRICS_C_AUDIO_H_
#define SHMETRICS_C_AUDIO_H_

/// The audio quotas of the C interface. Include shmetrics/c.h, which states the rules for all functions.
/// shmetrics::audio::Quota in shmetrics/audio.h says what each function means.

#include <stddef.h>
#include <stdint.h>

#include "shmetrics/c_types.h"
#include "shmetrics/export.h"

// NOLINTBEGIN(modernize-use-using, readability-identifier-naming): C has names of its own.

#ifdef __cplusplus
extern "C" {
#endif

/// The plan a user has paid for.
typedef int32_t shmetrics_tier;
enum {
  SHMETRICS_TIER_NONE = 0,  ///< in a call: the user's tier by shmetrics_quota_set_tier(), else free
  SHMETRICS_TIER_FREE = 1,
  SHMETRICS_TIER_STANDARD = 2,
  SHMETRICS_TIER_PREMIUM = 3
};

/// What ends a stream or job that is never finished.
typedef int32_t shmetrics_lifetime;
enum {
  SHMETRICS_LIFETIME_DEFAULT = 0,  ///< TTL for a stream, WORKER for a job
  SHMETRICS_LIFETIME_TTL = 1,      ///< the configured TTL passes without a heartbeat, or the worker dies
  SHMETRICS_LIFETIME_WORKER = 2    ///< only the worker's death
};

/// Options for starting a stream or a job.
typedef struct shmetrics_start_options {
  size_t size;                  ///< sizeof(shmetrics_start_options), as the caller was compiled
  shmetrics_tier tier;          ///< the user's
  shmetrics_lifetime lifetime;  ///< what ends the stream or job
  int64_t max_wait_ms;  ///< how long to wait for others that decide: see shmetrics_lease_try_acquire_within()
} shmetrics_start_options;

/// A user's audio minutes on one UTC day.
typedef struct shmetrics_daily_minutes {
  double used;
  double limit;      ///< infinity: unlimited
  double remaining;  ///< infinity: unlimited
} shmetrics_daily_minutes;

/// The same with what work in progress has reserved.
typedef struct shmetrics_minutes {
  double used;
  double limit;      ///< infinity: unlimited
  double remaining;  ///< the limit less what is used and reserved, or 0; infinity: unlimited
  double reserved;
} shmetrics_minutes;

/// The limits of a tier.
typedef struct shmetrics_limits {
  double daily_minutes;         ///< infinity: unlimited
  uint32_t concurrent_streams;  ///< SHMETRICS_NO_LIMIT: unlimited, as in those below
  uint32_t concurrent_jobs;
  uint32_t max_file_size_mb;  ///< only reported: the application handles files
  uint32_t reserved;          ///< 0
} shmetrics_limits;

/// Makes a quota, which reads the environment and the ini file once. `config` is the file's path; null or
/// empty: $SHMETRICS_CONFIG, else /etc/shmetrics/shmetrics.ini where it exists. Each call makes a new one
/// that is never freed: make one and keep it.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_create(shmetrics_registry* registry, const char* config,
                                                       shmetrics_quota** quota, shmetrics_error* error);
/// The same for another domain than audio: QuotaOptions in shmetrics/audio.h says what that is. `limits` are
/// three, those of the tiers free, standard and premium; null: as the file and the environment say.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_create_in(shmetrics_registry* registry, const char* domain,
                                                          const shmetrics_limits* limits, const char* config,
                                                          shmetrics_quota** quota, shmetrics_error* error);
/// The path of the ini file that was read; empty if none was. The buffer works as in
/// shmetrics_registry_describe().
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_config(const shmetrics_quota* quota, char* buffer,
                                                       size_t capacity, size_t* length);
/// The mistakes in the file or the environment, one a line; empty if there were none. The buffer works as
/// above.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_warnings(const shmetrics_quota* quota, char* buffer,
                                                         size_t capacity, size_t* length);

/// Admits a stream of the user, or returns why not. Only SHMETRICS_CONCURRENT_STREAMS is a denial. `options`
/// may be null. The user id has 1 to 256 bytes.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_try_start_stream(const shmetrics_quota* quota,
                                                                 const char* user_id,
                                                                 const shmetrics_start_options* options,
                                                                 shmetrics_activity** stream,
                                                                 shmetrics_error* error);
/// The same for a job. SHMETRICS_CONCURRENT_JOBS is the denial.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_try_start_job(const shmetrics_quota* quota,
                                                              const char* user_id,
                                                              const shmetrics_start_options* options,
                                                              shmetrics_activity** job,
                                                              shmetrics_error* error);

/// Says that the stream or job is still going on. SHMETRICS_ENDED if it has ended: another may have its
/// place, so stop.
SHMETRICS_EXPORT shmetrics_code shmetrics_activity_heartbeat(shmetrics_activity* activity);
/// Ends the stream or job. SHMETRICS_ENDED if it had already ended. The handle must still be freed.
SHMETRICS_EXPORT shmetrics_code shmetrics_activity_finish(shmetrics_activity* activity);
/// SHMETRICS_OK if the stream or job counts now, SHMETRICS_ENDED if not.
SHMETRICS_EXPORT shmetrics_code shmetrics_activity_check(const shmetrics_activity* activity);
/// Ends the stream or job if it is going on, and frees the handle. Null has no effect.
SHMETRICS_EXPORT void shmetrics_activity_free(shmetrics_activity* activity);

/// How many streams or jobs of the user are going on now on this host.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_active_streams(const shmetrics_quota* quota,
                                                               const char* user_id, uint64_t* active,
                                                               shmetrics_error* error);
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_active_jobs(const shmetrics_quota* quota, const char* user_id,
                                                            uint64_t* active, shmetrics_error* error);

/// Takes `minutes`, more than 0 and at most 1,000,000, from what the user has left today: all of them, or
/// none with SHMETRICS_DAILY_MINUTES. `state` may be null; it is set after a success and after a denial.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_consume_daily_minutes(const shmetrics_quota* quota,
                                                                      const char* user_id, double minutes,
                                                                      shmetrics_tier tier,
                                                                      shmetrics_daily_minutes* state,
                                                                      shmetrics_error* error);
/// Tells if the user could take `minutes` now, or with 0 if any are left. Takes none. A denial of more than 0
/// minutes counts as a violation.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_check_daily_minutes(const shmetrics_quota* quota,
                                                                    const char* user_id, double minutes,
                                                                    shmetrics_tier tier,
                                                                    shmetrics_daily_minutes* state,
                                                                    shmetrics_error* error);

// In the next four, `max_wait_ms` is as in shmetrics_lease_try_acquire_within(). `state` may be null; it is
// set after a success, and after SHMETRICS_NOT_USED.

/// The user's minutes of today. Changes nothing and denies nothing, also at the limit.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_daily_minutes(const shmetrics_quota* quota,
                                                              const char* user_id, shmetrics_tier tier,
                                                              int64_t max_wait_ms, shmetrics_minutes* state,
                                                              shmetrics_error* error);
/// Adds minutes that have been used already. They may pass the limit, and that is no violation. They are not
/// recorded with SHMETRICS_LEDGER_FULL and any other error.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_record_daily_minutes(const shmetrics_quota* quota,
                                                                     const char* user_id, double minutes,
                                                                     shmetrics_tier tier, int64_t max_wait_ms,
                                                                     shmetrics_minutes* state,
                                                                     shmetrics_error* error);
/// Gives back minutes that were consumed or recorded today. SHMETRICS_NOT_USED if the user has used less than
/// that today: then nothing changes.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_refund_daily_minutes(const shmetrics_quota* quota,
                                                                     const char* user_id, double minutes,
                                                                     shmetrics_tier tier, int64_t max_wait_ms,
                                                                     shmetrics_minutes* state,
                                                                     shmetrics_error* error);

/// Holds back `estimate` minutes for work in progress: all of them, or none with SHMETRICS_DAILY_MINUTES, which
/// is a violation. They count as used until the reservation is settled, cancelled or freed, or this process
/// dies. `state` is set after a success and after a denial.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_reserve_daily_minutes(
    const shmetrics_quota* quota, const char* user_id, double estimate, shmetrics_tier tier,
    int64_t max_wait_ms, shmetrics_reservation** reservation, shmetrics_minutes* state,
    shmetrics_error* error);
/// Ends the reservation and records what was really used, 0 to 1,000,000 minutes, also past the limit.
/// SHMETRICS_ENDED if it had already ended. After any other error it goes on: settle it again. The handle must
/// still be freed.
SHMETRICS_EXPORT shmetrics_code shmetrics_reservation_settle(shmetrics_reservation* reservation,
                                                             double minutes, int64_t max_wait_ms,
                                                             shmetrics_minutes* state,
                                                             shmetrics_error* error);
/// Ends the reservation and charges nothing. SHMETRICS_ENDED if it had already ended. The handle must still be
/// freed.
SHMETRICS_EXPORT shmetrics_code shmetrics_reservation_cancel(shmetrics_reservation* reservation);
/// SHMETRICS_OK while the reservation counts, else SHMETRICS_ENDED.
SHMETRICS_EXPORT shmetrics_code shmetrics_reservation_check(const shmetrics_reservation* reservation);
/// Cancels the reservation if it has not ended, and frees the handle. Null has no effect.
SHMETRICS_EXPORT void shmetrics_reservation_free(shmetrics_reservation* reservation);

/// Remembers the user's tier on this host. SHMETRICS_TIER_NONE is not allowed.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_set_tier(const shmetrics_quota* quota, const char* user_id,
                                                         shmetrics_tier tier, shmetrics_error* error);
/// The user's tier when a call gives none.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_tier(const shmetrics_quota* quota, const char* user_id,
                                                     shmetrics_tier* tier, shmetrics_error* error);
/// The configured limits of a tier.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_limits(const shmetrics_quota* quota, shmetrics_tier tier,
                                                       shmetrics_limits* limits);

/// Says that this worker offers a model, until it dies. A forked child offers nothing until it calls this
/// itself.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_announce_model(const shmetrics_quota* quota,
                                                               const char* model, shmetrics_error* error);

// The same with a limit of the wait for others that decide for the same shard of keys.
// shmetrics_lease_try_acquire_within() says what `max_wait_ms` means.

SHMETRICS_EXPORT shmetrics_code shmetrics_quota_active_streams_within(const shmetrics_quota* quota,
                                                                      const char* user_id,
                                                                      int64_t max_wait_ms, uint64_t* active,
                                                                      shmetrics_error* error);
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_active_jobs_within(const shmetrics_quota* quota,
                                                                   const char* user_id, int64_t max_wait_ms,
                                                                   uint64_t* active, shmetrics_error* error);
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_consume_daily_minutes_within(
    const shmetrics_quota* quota, const char* user_id, double minutes, shmetrics_tier tier,
    int64_t max_wait_ms, shmetrics_daily_minutes* state, shmetrics_error* error);
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_check_daily_minutes_within(
    const shmetrics_quota* quota, const char* user_id, double minutes, shmetrics_tier tier,
    int64_t max_wait_ms, shmetrics_daily_minutes* state, shmetrics_error* error);
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_set_tier_within(const shmetrics_quota* quota,
                                                                const char* user_id, shmetrics_tier tier,
                                                                int64_t max_wait_ms, shmetrics_error* error);
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_tier_within(const shmetrics_quota* quota, const char* user_id,
                                                            int64_t max_wait_ms, shmetrics_tier* tier,
                                                            shmetrics_error* error);
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_announce_model_within(const shmetrics_quota* quota,
                                                                      const char* model, int64_t max_wait_ms,
                                                                      shmetrics_error* error);

#ifdef __cplusplus
}
#endif

// NOLINTEND(modernize-use-using, readability-identifier-naming)

#endif  // SHMETRICS_C_AUDIO_H_

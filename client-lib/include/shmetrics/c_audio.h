#ifndef SHMETRICS_C_AUDIO_H_
#define SHMETRICS_C_AUDIO_H_

/// The audio quotas of the C interface. Include shmetrics/c.h, which says what holds for all functions; what each means
/// is said at shmetrics::audio::Quota in shmetrics/audio.h.

#include <stddef.h>
#include <stdint.h>

#include "shmetrics/c_types.h"
#include "shmetrics/export.h"

// NOLINTBEGIN(modernize-use-using, readability-identifier-naming): C has names of its own.

#ifdef __cplusplus
extern "C" {
#endif

/// What a user has paid for.
typedef int32_t shmetrics_tier;
enum {
  SHMETRICS_TIER_NONE = 0,  ///< in a call: the one remembered by shmetrics_quota_set_tier(), else free
  SHMETRICS_TIER_FREE = 1,
  SHMETRICS_TIER_STANDARD = 2,
  SHMETRICS_TIER_PREMIUM = 3
};

/// What ends a stream or job that nobody finishes.
typedef int32_t shmetrics_lifetime;
enum {
  SHMETRICS_LIFETIME_DEFAULT = 0,  ///< TTL for a stream, WORKER for a job
  SHMETRICS_LIFETIME_TTL = 1,      ///< the configured TTL runs out without a heartbeat, or the worker dies
  SHMETRICS_LIFETIME_WORKER = 2    ///< the worker dies, and nothing else
};

/// How a stream or job is asked for.
typedef struct shmetrics_start_options {
  size_t size;                  ///< sizeof(shmetrics_start_options), as the caller was compiled
  shmetrics_tier tier;          ///< the user's
  shmetrics_lifetime lifetime;  ///< what ends it
} shmetrics_start_options;

/// A user's audio minutes of one UTC day.
typedef struct shmetrics_daily_minutes {
  double used;
  double limit;      ///< infinity: unlimited
  double remaining;  ///< infinity: unlimited
} shmetrics_daily_minutes;

/// What a tier allows.
typedef struct shmetrics_limits {
  double daily_minutes;         ///< infinity: unlimited
  uint32_t concurrent_streams;  ///< SHMETRICS_UNLIMITED, as those below
  uint32_t concurrent_jobs;
  uint32_t max_file_size_mb;  ///< reported only: files are the application's
  uint32_t reserved;          ///< 0
} shmetrics_limits;

/// Reads the environment and the ini file, once. `config` is its path; null or empty: $SHMETRICS_CONFIG, else
/// /etc/shmetrics/shmetrics.ini where it exists. Never freed, and a new one at each call: make one and keep it.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_create(shmetrics_registry* registry, const char* config,
                                                       shmetrics_quota** quota, shmetrics_error* error);
/// Path of the ini file that was read, empty if there was none. The buffer is used as by shmetrics_registry_describe().
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_config(const shmetrics_quota* quota, char* buffer,
                                                       size_t capacity, size_t* length);
/// What was wrong in the file or the environment, a line each; empty if nothing was. As above.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_warnings(const shmetrics_quota* quota, char* buffer,
                                                         size_t capacity, size_t* length);

/// Lets a stream of the user in, or says why not: SHMETRICS_CONCURRENT_STREAMS is the denial, every other code none.
/// `options` may be null. The user id has 1 to 256 bytes.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_try_start_stream(const shmetrics_quota* quota,
                                                                 const char* user_id,
                                                                 const shmetrics_start_options* options,
                                                                 shmetrics_activity** stream,
                                                                 shmetrics_error* error);
/// The same of a job; SHMETRICS_CONCURRENT_JOBS is the denial.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_try_start_job(const shmetrics_quota* quota,
                                                              const char* user_id,
                                                              const shmetrics_start_options* options,
                                                              shmetrics_activity** job,
                                                              shmetrics_error* error);

/// Says that it is still going on. SHMETRICS_ENDED if it has ended meanwhile: its place may be another's, so stop.
SHMETRICS_EXPORT shmetrics_code shmetrics_activity_heartbeat(shmetrics_activity* activity);
/// Ends it. SHMETRICS_ENDED if it had ended before. The handle is still to be freed.
SHMETRICS_EXPORT shmetrics_code shmetrics_activity_finish(shmetrics_activity* activity);
/// SHMETRICS_OK if it counts now, SHMETRICS_ENDED if not.
SHMETRICS_EXPORT shmetrics_code shmetrics_activity_check(const shmetrics_activity* activity);
/// Ends it if it is going on, and frees the handle. Null: no effect.
SHMETRICS_EXPORT void shmetrics_activity_free(shmetrics_activity* activity);

/// How many of the user's streams, or jobs, are going on now on this host.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_active_streams(const shmetrics_quota* quota,
                                                               const char* user_id, uint64_t* active,
                                                               shmetrics_error* error);
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_active_jobs(const shmetrics_quota* quota, const char* user_id,
                                                            uint64_t* active, shmetrics_error* error);

/// Takes `minutes`, more than 0 and at most 1,000,000, from what the user has left today: all of them or, with
/// SHMETRICS_DAILY_MINUTES, none. `state` may be null.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_consume_daily_minutes(const shmetrics_quota* quota,
                                                                      const char* user_id, double minutes,
                                                                      shmetrics_tier tier,
                                                                      shmetrics_daily_minutes* state,
                                                                      shmetrics_error* error);
/// Whether the user could take `minutes` now; 0: any at all. Takes none, but counts a violation if not.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_check_daily_minutes(const shmetrics_quota* quota,
                                                                    const char* user_id, double minutes,
                                                                    shmetrics_tier tier,
                                                                    shmetrics_daily_minutes* state,
                                                                    shmetrics_error* error);

/// Remembers the user's tier on this host, not SHMETRICS_TIER_NONE.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_set_tier(const shmetrics_quota* quota, const char* user_id,
                                                         shmetrics_tier tier, shmetrics_error* error);
/// The tier that holds for the user when a call gives none.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_tier(const shmetrics_quota* quota, const char* user_id,
                                                     shmetrics_tier* tier, shmetrics_error* error);
/// What a tier allows, as configured.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_limits(const shmetrics_quota* quota, shmetrics_tier tier,
                                                       shmetrics_limits* limits);

/// Says that this worker offers a model, until it dies. A forked child offers nothing until it says so itself.
SHMETRICS_EXPORT shmetrics_code shmetrics_quota_announce_model(const shmetrics_quota* quota,
                                                               const char* model, shmetrics_error* error);

#ifdef __cplusplus
}
#endif

// NOLINTEND(modernize-use-using, readability-identifier-naming)

#endif  // SHMETRICS_C_AUDIO_H_

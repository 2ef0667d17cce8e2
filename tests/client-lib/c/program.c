/* Uses every function of the C interface, as C99. Ends with 1 at the first surprise, and says which; c_interface_test
   runs it, and looks into the segment.
   Usage: c_program SEGMENT CONFIG */

#include <math.h>
#include <shmetrics/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void Fail(int line, const char* expression) {
  fprintf(stderr, "c_program.c:%d: not true: %s\n", line, expression);
  exit(1);
}
#define CHECK(condition) ((condition) ? (void)0 : Fail(__LINE__, #condition))

static shmetrics_error error;

static shmetrics_registry* Open(const char* segment) {
  shmetrics_registry_options options = {0};
  shmetrics_registry* other = NULL;
  options.size = sizeof(options);
  options.segment = segment;
  options.worker_name = "c_program";
  options.segment_bytes = 8U << 20U;
  options.series_limit = 1000;
  options.family_series_limit = 100;
  CHECK(shmetrics_registry_configure(&options, &error) == SHMETRICS_OK);
  CHECK(shmetrics_registry_open(&options, &other, NULL) == SHMETRICS_OK && other != NULL);
  CHECK(shmetrics_registry_global() == shmetrics_registry_global());
  CHECK(shmetrics_registry_configure(&options, &error) == SHMETRICS_ALREADY_IN_USE);
  CHECK(error.code == SHMETRICS_ALREADY_IN_USE && error.message[0] != '\0');
  return shmetrics_registry_global();
}

static shmetrics_family_options Named(const char* name, const char* const* labels, size_t label_count) {
  shmetrics_family_options options = {0};
  options.size = sizeof(options);
  options.name = name;
  options.help = "For a test.";
  options.labels = labels;
  options.label_count = label_count;
  return options;
}

static void Count(shmetrics_registry* registry) {
  static const char* const kLabels[] = {"method", "code"};
  static const char* const kGet[] = {"GET", "200"};
  static const double kBounds[] = {0.1, 1.0};
  shmetrics_family_options options = Named("c_requests", kLabels, 2);
  shmetrics_family* family = NULL;
  shmetrics_counter* counter = NULL;
  shmetrics_fractional* minutes = NULL;
  shmetrics_gauge* gauge = NULL;
  shmetrics_histogram* histogram = NULL;

  CHECK(shmetrics_counter_family(registry, &options, &family, &error) == SHMETRICS_OK);
  CHECK(shmetrics_counter_with(family, kGet, 2, &counter) == SHMETRICS_OK);
  CHECK(shmetrics_counter_inc(counter) == SHMETRICS_OK);
  CHECK(shmetrics_counter_add(counter, 4) == SHMETRICS_OK);
  CHECK(shmetrics_family_check(family, &error) == SHMETRICS_OK && error.code == SHMETRICS_OK);

  options = Named("c_minutes_total", NULL, 0);
  CHECK(shmetrics_fractional_family(registry, &options, &family, &error) == SHMETRICS_OK);
  CHECK(shmetrics_fractional_with(family, NULL, 0, &minutes) == SHMETRICS_OK);
  CHECK(shmetrics_fractional_add(minutes, 0.25) == SHMETRICS_OK);
  CHECK(shmetrics_fractional_add(minutes, -1.0) == SHMETRICS_BAD_ARGUMENT);
  CHECK(shmetrics_fractional_add(minutes, (double)NAN) == SHMETRICS_BAD_ARGUMENT);

  options = Named("c_load", NULL, 0); /* of the mode that outlives its worker */
  CHECK(shmetrics_gauge_family(registry, &options, SHMETRICS_GAUGE_LAST, &family, &error) == SHMETRICS_OK);
  CHECK(shmetrics_gauge_with(family, NULL, 0, &gauge) == SHMETRICS_OK);
  CHECK(shmetrics_gauge_set(gauge, 5) == SHMETRICS_OK);
  CHECK(shmetrics_gauge_add(gauge, 2) == SHMETRICS_OK);
  CHECK(shmetrics_gauge_sub(gauge, 4) == SHMETRICS_OK);

  options = Named("c_latency_seconds", kLabels, 1);
  CHECK(shmetrics_histogram_family(registry, &options, kBounds, 2, &family, &error) == SHMETRICS_OK);
  CHECK(shmetrics_histogram_with(family, kGet, 1, &histogram) == SHMETRICS_OK);
  CHECK(shmetrics_histogram_observe(histogram, 0.5) == SHMETRICS_OK);
  CHECK(shmetrics_histogram_with(family, &kGet[1], 1, &histogram) == SHMETRICS_OK);
  CHECK(shmetrics_family_remove(family, &kGet[1], 1) == SHMETRICS_OK);
  CHECK(shmetrics_family_remove(family, &kGet[1], 1) == SHMETRICS_NOT_FOUND);
}

static void KeepExemplars(shmetrics_registry* registry) {
  static const char* const kLabels[] = {"method", "code"};
  static const char* const kGet[] = {"GET", "200"};
  static const char* const kNames[] = {"trace_id", "span_id"};
  static const char* const kIds[] = {"4bf9", "2"};
  static const double kBounds[] = {0.1, 1.0};
  shmetrics_labels ids = {sizeof(shmetrics_labels), kNames, kIds, 2};
  shmetrics_family_options options = Named("c_requests", kLabels, 2);
  shmetrics_family* family = NULL;

  CHECK(shmetrics_counter_family(registry, &options, &family, &error) == SHMETRICS_OK);
  CHECK(shmetrics_counter_add_exemplar(family, kGet, 2, 3, &ids) == SHMETRICS_OK);
  CHECK(shmetrics_counter_add_exemplar(family, kGet, 2, 3, NULL) == SHMETRICS_BAD_ARGUMENT);
  CHECK(shmetrics_histogram_observe_exemplar(family, kGet, 2, 3, &ids) == SHMETRICS_BAD_ARGUMENT);
  options = Named("c_minutes_total", NULL, 0);
  CHECK(shmetrics_fractional_family(registry, &options, &family, &error) == SHMETRICS_OK);
  CHECK(shmetrics_fractional_add_exemplar(family, NULL, 0, 0.5, &ids) == SHMETRICS_OK);
  CHECK(shmetrics_fractional_add_exemplar(family, NULL, 0, -0.5, &ids) == SHMETRICS_BAD_ARGUMENT);
  options = Named("c_latency_seconds", kLabels, 1);
  CHECK(shmetrics_histogram_family(registry, &options, kBounds, 2, &family, &error) == SHMETRICS_OK);
  CHECK(shmetrics_histogram_observe_exemplar(family, kGet, 1, 0.75, &ids) == SHMETRICS_OK);

  CHECK(shmetrics_info_say(registry, "c_build", "For a test.", &ids, &error) == SHMETRICS_OK);
  ids.size = 8;
  CHECK(shmetrics_info_say(registry, "c_build", NULL, &ids, &error) == SHMETRICS_BAD_ARGUMENT);
  CHECK(error.message[0] != '\0');
}

static void Lease(shmetrics_registry* registry) {
  static const char* const kLabels[] = {"user_id"};
  static const char* const kUser[] = {"42"};
  const shmetrics_family_options options = Named("c_uploads_active", kLabels, 1);
  shmetrics_family* family = NULL;
  shmetrics_lease* lease = NULL;
  shmetrics_lease* second = NULL;
  uint64_t live = 0;

  CHECK(shmetrics_lease_family(registry, &options, &family, &error) == SHMETRICS_OK);
  CHECK(shmetrics_lease_try_acquire(family, kUser, 1, 1, 3600000, &lease, &error) == SHMETRICS_OK);
  CHECK(shmetrics_lease_try_acquire(family, kUser, 1, 1, 0, &second, &error) == SHMETRICS_LIMIT_REACHED);
  CHECK(second == NULL && error.code == SHMETRICS_LIMIT_REACHED);
  CHECK(shmetrics_lease_try_acquire(family, kUser, 1, SHMETRICS_UNLIMITED, 0, &second, &error) ==
        SHMETRICS_OK);
  CHECK(shmetrics_lease_count(family, kUser, 1, &live, &error) == SHMETRICS_OK && live == 2);
  CHECK(shmetrics_lease_renew(lease) == SHMETRICS_OK);
  CHECK(shmetrics_lease_check(lease) == SHMETRICS_OK);
  CHECK(shmetrics_lease_release(lease) == SHMETRICS_OK);
  CHECK(shmetrics_lease_release(lease) == SHMETRICS_ENDED);
  CHECK(shmetrics_lease_renew(lease) == SHMETRICS_ENDED);
  CHECK(shmetrics_lease_check(lease) == SHMETRICS_ENDED);
  shmetrics_lease_free(lease);
  shmetrics_lease_free(second);
  CHECK(shmetrics_lease_count(family, kUser, 1, &live, &error) == SHMETRICS_OK && live == 0);
  CHECK(shmetrics_lease_try_acquire_within(family, kUser, 1, 1, 0, 5, &lease, &error) == SHMETRICS_OK);
  CHECK(shmetrics_lease_try_acquire_within(family, kUser, 1, 1, 0, SHMETRICS_NO_WAIT, &second, &error) ==
        SHMETRICS_LIMIT_REACHED);
  CHECK(shmetrics_lease_count_within(family, kUser, 1, SHMETRICS_NO_WAIT, &live, &error) == SHMETRICS_OK &&
        live == 1);
  shmetrics_lease_free(lease);
}

/* A shard that nobody holds is not waited for, so these succeed. */
static void StreamWithoutWaiting(const shmetrics_quota* quota) {
  const int64_t no = SHMETRICS_NO_WAIT;
  shmetrics_start_options options = {0};
  shmetrics_activity* stream = NULL;
  shmetrics_daily_minutes day;
  shmetrics_tier tier = SHMETRICS_TIER_NONE;
  uint64_t active = 0;

  options.size = sizeof(options);
  options.max_wait_ms = no;
  CHECK(shmetrics_quota_try_start_stream(quota, "7", &options, &stream, &error) == SHMETRICS_OK);
  CHECK(shmetrics_quota_active_streams_within(quota, "7", no, &active, &error) == SHMETRICS_OK &&
        active == 1);
  CHECK(shmetrics_quota_active_jobs_within(quota, "7", no, &active, &error) == SHMETRICS_OK && active == 0);
  shmetrics_activity_free(stream);
  CHECK(shmetrics_quota_consume_daily_minutes_within(quota, "7", 20, SHMETRICS_TIER_NONE, no, &day, &error) ==
        SHMETRICS_OK);
  CHECK(day.used == 20);
  CHECK(shmetrics_quota_set_tier_within(quota, "7", SHMETRICS_TIER_STANDARD, no, &error) == SHMETRICS_OK);
  CHECK(shmetrics_quota_tier_within(quota, "7", no, &tier, &error) == SHMETRICS_OK &&
        tier == SHMETRICS_TIER_STANDARD);
  CHECK(shmetrics_quota_check_daily_minutes_within(quota, "7", 1, SHMETRICS_TIER_NONE, no, &day, &error) ==
        SHMETRICS_OK);
  CHECK(shmetrics_quota_announce_model_within(quota, "whisper", no, &error) == SHMETRICS_OK);
}

/* Minutes that are known only afterwards. */
static void Record(const shmetrics_quota* quota) {
  const int64_t no = SHMETRICS_NO_WAIT;
  shmetrics_minutes state;

  CHECK(shmetrics_quota_record_daily_minutes(quota, "8", 45, SHMETRICS_TIER_FREE, no, &state, &error) ==
        SHMETRICS_OK);
  CHECK(state.used == 45 && state.limit == 30 && state.remaining == 0 && state.reserved == 0);
  CHECK(shmetrics_quota_refund_daily_minutes(quota, "8", 46, SHMETRICS_TIER_NONE, no, &state, &error) ==
        SHMETRICS_NOT_USED);
  CHECK(state.used == 45);
  CHECK(shmetrics_quota_refund_daily_minutes(quota, "8", 40, SHMETRICS_TIER_NONE, no, NULL, &error) ==
        SHMETRICS_OK);
  CHECK(shmetrics_quota_daily_minutes(quota, "8", SHMETRICS_TIER_NONE, no, &state, &error) == SHMETRICS_OK);
  CHECK(state.used == 5 && state.remaining == 25);
  CHECK(shmetrics_quota_record_daily_minutes(quota, "8", -1, SHMETRICS_TIER_NONE, no, &state, &error) ==
        SHMETRICS_BAD_OPTION);
  CHECK(state.used == 0 && state.limit == 0);
}

/* Minutes held back while the work goes on. */
static void Reserve(const shmetrics_quota* quota) {
  const int64_t no = SHMETRICS_NO_WAIT;
  shmetrics_reservation* first = NULL;
  shmetrics_reservation* second = NULL;
  shmetrics_minutes state;

  CHECK(shmetrics_quota_reserve_daily_minutes(quota, "9", 20, SHMETRICS_TIER_FREE, no, &first, &state,
                                              &error) == SHMETRICS_OK);
  CHECK(state.used == 0 && state.reserved == 20 && state.remaining == 10);
  CHECK(shmetrics_quota_reserve_daily_minutes(quota, "9", 20, SHMETRICS_TIER_FREE, no, &second, &state,
                                              &error) == SHMETRICS_DAILY_MINUTES);
  CHECK(second == NULL && state.reserved == 20 && state.limit == 30);
  CHECK(shmetrics_reservation_check(first) == SHMETRICS_OK);
  CHECK(shmetrics_reservation_settle(first, 25, no, &state, &error) == SHMETRICS_OK);
  CHECK(state.used == 25 && state.reserved == 0 && state.remaining == 5);
  CHECK(shmetrics_reservation_settle(first, 25, no, &state, &error) == SHMETRICS_ENDED);
  CHECK(shmetrics_reservation_cancel(first) == SHMETRICS_ENDED);
  CHECK(shmetrics_reservation_check(first) == SHMETRICS_ENDED);
  CHECK(shmetrics_quota_reserve_daily_minutes(quota, "9", 5, SHMETRICS_TIER_FREE, no, &second, NULL,
                                              &error) == SHMETRICS_OK);
  CHECK(shmetrics_reservation_cancel(second) == SHMETRICS_OK);
  shmetrics_reservation_free(first);
  shmetrics_reservation_free(second);
  shmetrics_reservation_free(NULL);
}

/* A domain beside audio. */
static void Video(shmetrics_registry* registry) {
  shmetrics_limits limits[3];
  shmetrics_quota* quota = NULL;
  shmetrics_minutes state;

  memset(limits, 0, sizeof(limits));
  limits[0].daily_minutes = 5;
  limits[2].daily_minutes = INFINITY;
  CHECK(shmetrics_quota_create_in(registry, "video", limits, NULL, &quota, &error) == SHMETRICS_OK);
  CHECK(shmetrics_quota_record_daily_minutes(quota, "42", 4, SHMETRICS_TIER_NONE, 0, &state, &error) ==
        SHMETRICS_OK);
  CHECK(state.used == 4 && state.limit == 5);
  CHECK(shmetrics_quota_daily_minutes(quota, "42", SHMETRICS_TIER_PREMIUM, 0, &state, &error) ==
        SHMETRICS_OK);
  CHECK(isinf(state.limit));
}

static void Stream(shmetrics_registry* registry, const char* config) {
  shmetrics_quota* quota = NULL;
  shmetrics_activity* stream = NULL;
  shmetrics_activity* second = NULL;
  shmetrics_activity* job = NULL;
  shmetrics_start_options options = {0};
  shmetrics_daily_minutes day;
  shmetrics_limits limits;
  shmetrics_tier tier = SHMETRICS_TIER_NONE;
  uint64_t active = 0;
  char text[512];
  size_t length = 0;

  CHECK(shmetrics_quota_create(registry, config, &quota, &error) == SHMETRICS_OK);
  CHECK(shmetrics_quota_config(quota, text, sizeof(text), NULL) == SHMETRICS_OK);
  CHECK(strcmp(text, config) == 0);
  CHECK(shmetrics_quota_warnings(quota, text, 8, &length) == SHMETRICS_OK);
  CHECK(strlen(text) == 7 && length > 7);
  CHECK(shmetrics_quota_limits(quota, SHMETRICS_TIER_PREMIUM, &limits) == SHMETRICS_OK);
  CHECK(isinf(limits.daily_minutes) && limits.concurrent_streams == 10);

  CHECK(shmetrics_quota_try_start_stream(quota, "42", NULL, &stream, &error) == SHMETRICS_OK);
  CHECK(shmetrics_quota_try_start_stream(quota, "42", NULL, &second, &error) == SHMETRICS_CONCURRENT_STREAMS);
  CHECK(second == NULL);
  options.size = sizeof(options);
  options.tier = SHMETRICS_TIER_STANDARD;
  options.lifetime = SHMETRICS_LIFETIME_TTL;
  CHECK(shmetrics_quota_try_start_stream(quota, "42", &options, &second, &error) == SHMETRICS_OK);
  CHECK(shmetrics_quota_try_start_job(quota, "42", &options, &job, &error) == SHMETRICS_OK);
  CHECK(shmetrics_quota_active_streams(quota, "42", &active, &error) == SHMETRICS_OK && active == 2);
  CHECK(shmetrics_quota_active_jobs(quota, "42", &active, &error) == SHMETRICS_OK && active == 1);
  CHECK(shmetrics_activity_heartbeat(stream) == SHMETRICS_OK);
  CHECK(shmetrics_activity_check(stream) == SHMETRICS_OK);
  CHECK(shmetrics_activity_finish(stream) == SHMETRICS_OK);
  CHECK(shmetrics_activity_finish(stream) == SHMETRICS_ENDED);
  CHECK(shmetrics_activity_heartbeat(stream) == SHMETRICS_ENDED);
  CHECK(shmetrics_activity_check(stream) == SHMETRICS_ENDED);
  shmetrics_activity_free(stream);
  shmetrics_activity_free(second);
  shmetrics_activity_free(job);
  CHECK(shmetrics_quota_active_streams(quota, "42", &active, &error) == SHMETRICS_OK && active == 0);

  CHECK(shmetrics_quota_consume_daily_minutes(quota, "42", 20, SHMETRICS_TIER_NONE, &day, &error) ==
        SHMETRICS_OK);
  CHECK(day.used == 20 && day.limit == 30 && day.remaining == 10);
  CHECK(shmetrics_quota_consume_daily_minutes(quota, "42", 20, SHMETRICS_TIER_NONE, &day, &error) ==
        SHMETRICS_DAILY_MINUTES);
  CHECK(day.used == 20 && day.limit == 30 && day.remaining == 10);
  CHECK(shmetrics_quota_set_tier(quota, "42", SHMETRICS_TIER_PREMIUM, &error) == SHMETRICS_OK);
  CHECK(shmetrics_quota_tier(quota, "42", &tier, &error) == SHMETRICS_OK && tier == SHMETRICS_TIER_PREMIUM);
  CHECK(shmetrics_quota_check_daily_minutes(quota, "42", 1000, SHMETRICS_TIER_NONE, &day, &error) ==
        SHMETRICS_OK);
  CHECK(day.used == 20 && isinf(day.limit) && isinf(day.remaining));
  CHECK(shmetrics_quota_announce_model(quota, "whisper", &error) == SHMETRICS_OK);
  StreamWithoutWaiting(quota);
  Record(quota);
  Reserve(quota);
  Video(registry);
}

int main(int argc, char** argv) {
  shmetrics_registry* registry;
  shmetrics_status status;
  char text[512];
  CHECK(argc == 3);
  CHECK(shmetrics_abi_version() == SHMETRICS_ABI_VERSION);
  CHECK(strcmp(shmetrics_code_name(SHMETRICS_BUSY), "SHMETRICS_BUSY") == 0);
  registry = Open(argv[1]);
  Count(registry);
  KeepExemplars(registry);
  Lease(registry);
  Stream(registry, argv[2]);
  CHECK(shmetrics_registry_status(registry, &status) == SHMETRICS_OK);
  CHECK(status.attached == 1 && status.refusals == 0 && status.condition.code == SHMETRICS_OK);
  CHECK(shmetrics_registry_describe(registry, text, sizeof(text), NULL) == SHMETRICS_OK);
  puts(text);
  shmetrics_announce_end(); /* main() returns, so it would be said anyway */
  return 0;
}

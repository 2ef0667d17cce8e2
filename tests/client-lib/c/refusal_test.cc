// What the C interface refuses: it returns an error instead of crashing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <shmetrics/c.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "shm/series/label_block.h"
#include "shm/snapshot/snapshot.h"
#include "tests/client-lib/c/c_fixture.h"

namespace shmetrics {
namespace {

using ::testing::HasSubstr;

using CRefusalTest = testing::CFixture;

TEST_F(CRefusalTest, NullPointersAreRefusedByEveryFunction) {
  constexpr shmetrics_code kRefused = SHMETRICS_BAD_ARGUMENT;
  shmetrics_error* error = &error_;
  EXPECT_EQ(shmetrics_registry_configure(nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_registry_open(nullptr, nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_registry_status(nullptr, nullptr), kRefused);
  EXPECT_EQ(shmetrics_registry_describe(nullptr, nullptr, 10, nullptr), kRefused);
  EXPECT_EQ(shmetrics_counter_family(nullptr, nullptr, nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_fractional_family(nullptr, nullptr, nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_gauge_family(nullptr, nullptr, SHMETRICS_GAUGE_SUM, nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_histogram_family(nullptr, nullptr, nullptr, 0, nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_lease_family(nullptr, nullptr, nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_family_check(nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_family_remove(nullptr, nullptr, 0), kRefused);
  EXPECT_EQ(shmetrics_counter_with(nullptr, nullptr, 0, nullptr), kRefused);
  EXPECT_EQ(shmetrics_counter_inc(nullptr), kRefused);
  EXPECT_EQ(shmetrics_counter_add(nullptr, 1), kRefused);
  EXPECT_EQ(shmetrics_fractional_with(nullptr, nullptr, 0, nullptr), kRefused);
  EXPECT_EQ(shmetrics_fractional_add(nullptr, 1), kRefused);
  EXPECT_EQ(shmetrics_gauge_with(nullptr, nullptr, 0, nullptr), kRefused);
  EXPECT_EQ(shmetrics_gauge_set(nullptr, 1), kRefused);
  EXPECT_EQ(shmetrics_gauge_add(nullptr, 1), kRefused);
  EXPECT_EQ(shmetrics_gauge_sub(nullptr, 1), kRefused);
  EXPECT_EQ(shmetrics_histogram_with(nullptr, nullptr, 0, nullptr), kRefused);
  EXPECT_EQ(shmetrics_histogram_observe(nullptr, 1), kRefused);
  EXPECT_EQ(shmetrics_counter_add_exemplar(nullptr, nullptr, 0, 1, nullptr), kRefused);
  EXPECT_EQ(shmetrics_fractional_add_exemplar(nullptr, nullptr, 0, 1, nullptr), kRefused);
  EXPECT_EQ(shmetrics_histogram_observe_exemplar(nullptr, nullptr, 0, 1, nullptr), kRefused);
  EXPECT_EQ(shmetrics_info_say(nullptr, nullptr, nullptr, nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_lease_try_acquire(nullptr, nullptr, 0, 1, 1, nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_lease_renew(nullptr), kRefused);
  EXPECT_EQ(shmetrics_lease_release(nullptr), kRefused);
  EXPECT_EQ(shmetrics_lease_check(nullptr), kRefused);
  EXPECT_EQ(shmetrics_lease_count(nullptr, nullptr, 0, nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_quota_create(nullptr, nullptr, nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_quota_create_in(nullptr, nullptr, nullptr, nullptr, nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_quota_config(nullptr, nullptr, 0, nullptr), kRefused);
  EXPECT_EQ(shmetrics_quota_warnings(nullptr, nullptr, 0, nullptr), kRefused);
  EXPECT_EQ(shmetrics_quota_try_start_stream(nullptr, nullptr, nullptr, nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_quota_try_start_job(nullptr, nullptr, nullptr, nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_activity_heartbeat(nullptr), kRefused);
  EXPECT_EQ(shmetrics_activity_finish(nullptr), kRefused);
  EXPECT_EQ(shmetrics_activity_check(nullptr), kRefused);
  EXPECT_EQ(shmetrics_quota_active_streams(nullptr, nullptr, nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_quota_active_jobs(nullptr, nullptr, nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_quota_consume_daily_minutes(nullptr, nullptr, 1, 0, nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_quota_check_daily_minutes(nullptr, nullptr, 1, 0, nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_quota_daily_minutes(nullptr, nullptr, 0, 0, nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_quota_record_daily_minutes(nullptr, nullptr, 1, 0, 0, nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_quota_refund_daily_minutes(nullptr, nullptr, 1, 0, 0, nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_quota_reserve_daily_minutes(nullptr, nullptr, 1, 0, 0, nullptr, nullptr, error),
            kRefused);
  EXPECT_EQ(shmetrics_reservation_settle(nullptr, 1, 0, nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_reservation_cancel(nullptr), kRefused);
  EXPECT_EQ(shmetrics_reservation_check(nullptr), kRefused);
  shmetrics_reservation_free(nullptr);
  EXPECT_EQ(shmetrics_quota_set_tier(nullptr, nullptr, 1, error), kRefused);
  EXPECT_EQ(shmetrics_quota_tier(nullptr, nullptr, nullptr, error), kRefused);
  EXPECT_EQ(shmetrics_quota_limits(nullptr, 1, nullptr), kRefused);
  EXPECT_EQ(shmetrics_quota_announce_model(nullptr, nullptr, error), kRefused);
  shmetrics_lease_free(nullptr);
  shmetrics_activity_free(nullptr);
  EXPECT_EQ(error_.code, kRefused);
  EXPECT_STRNE(error_.message, "");

  shmetrics_counter* counter = nullptr;
  const char* const values[] = {nullptr};
  EXPECT_EQ(shmetrics_counter_with(CounterFamily(OpenFromC(), "requests"), values, 1, &counter), kRefused);
}

TEST_F(CRefusalTest, AFamilyOfAnotherKindIsRefused) {
  shmetrics_registry* registry = OpenFromC();
  shmetrics_family* counters = CounterFamily(registry, "requests");
  shmetrics_gauge* gauge = nullptr;
  shmetrics_histogram* histogram = nullptr;
  shmetrics_fractional* fractional = nullptr;
  shmetrics_lease* lease = nullptr;
  EXPECT_EQ(shmetrics_gauge_with(counters, nullptr, 0, &gauge), SHMETRICS_BAD_ARGUMENT);
  EXPECT_EQ(shmetrics_histogram_with(counters, nullptr, 0, &histogram), SHMETRICS_BAD_ARGUMENT);
  EXPECT_EQ(shmetrics_fractional_with(counters, nullptr, 0, &fractional), SHMETRICS_BAD_ARGUMENT);
  EXPECT_EQ(shmetrics_lease_try_acquire(counters, nullptr, 0, 1, 0, &lease, &error_), SHMETRICS_BAD_ARGUMENT);
  shmetrics_family* leases = nullptr;
  const shmetrics_family_options options = Named("uploads_active");
  ASSERT_EQ(shmetrics_lease_family(registry, &options, &leases, &error_), SHMETRICS_OK);
  EXPECT_EQ(shmetrics_gauge_with(leases, nullptr, 0, &gauge), SHMETRICS_BAD_ARGUMENT);
  EXPECT_EQ(gauge, nullptr);
}

TEST_F(CRefusalTest, ARefusedFamilySaysWhyAndWorksInPrivateMemory) {
  shmetrics_registry* registry = OpenFromC();
  CounterFamily(registry, "requests_total");
  const shmetrics_family_options options = Named("requests_total");
  shmetrics_family* family = nullptr;
  EXPECT_EQ(shmetrics_gauge_family(registry, &options, SHMETRICS_GAUGE_SUM, &family, &error_),
            SHMETRICS_CONFLICT);
  EXPECT_EQ(error_.code, SHMETRICS_CONFLICT);
  EXPECT_THAT(error_.message, HasSubstr("requests_total"));
  ASSERT_NE(family, nullptr);
  shmetrics_gauge* gauge = nullptr;
  EXPECT_EQ(shmetrics_gauge_with(family, nullptr, 0, &gauge), SHMETRICS_CONFLICT);
  EXPECT_EQ(shmetrics_gauge_set(gauge, 1), SHMETRICS_CONFLICT);
  shmetrics_status status;
  EXPECT_EQ(shmetrics_registry_status(registry, &status), SHMETRICS_OK);
  EXPECT_EQ(status.refusals, 1U);
  EXPECT_EQ(Read().Counter("requests_total"), 0U);
}

TEST_F(CRefusalTest, WithoutASegmentEverythingWorksAndTheReasonIsTold) {
  shmetrics_registry_options options = CopyOfOptions();
  const std::string nowhere = folder_ + "/no/such/folder/segment.v1";
  options.segment = nowhere.c_str();
  shmetrics_registry* registry = nullptr;
  EXPECT_EQ(shmetrics_registry_open(&options, &registry, &error_), SHMETRICS_NOT_CREATABLE) << error_.message;
  ASSERT_NE(registry, nullptr);
  shmetrics_family* family = HistogramFamily(registry);
  ASSERT_NE(family, nullptr);
  const char* const values[] = {"x"};
  shmetrics_histogram* histogram = nullptr;
  EXPECT_EQ(shmetrics_histogram_with(family, values, 1, &histogram), SHMETRICS_NOT_CREATABLE);
  EXPECT_EQ(shmetrics_histogram_observe(histogram, 1e9), SHMETRICS_OK);
  shmetrics_status status;
  EXPECT_EQ(shmetrics_registry_status(registry, &status), SHMETRICS_OK);
  EXPECT_EQ(status.attached, 0);
  EXPECT_EQ(status.condition.code, SHMETRICS_NOT_CREATABLE);
  char text[20];
  std::size_t length = 0;
  EXPECT_EQ(shmetrics_registry_describe(registry, text, sizeof(text), &length), SHMETRICS_OK);
  EXPECT_STREQ(text, "not attached to /de");
  EXPECT_GT(length, sizeof(text));
}

TEST_F(CRefusalTest, ALongMessageIsCutBetweenCharacters) {
  shmetrics_registry* registry = OpenFromC();
  std::string name;
  while (name.size() < 400) name += "€";
  for (int shift = 0; shift < 3; shift++, name.insert(0, "a")) {
    const shmetrics_family_options options = Named(name.c_str());
    shmetrics_family* family = nullptr;
    EXPECT_EQ(shmetrics_counter_family(registry, &options, &family, &error_), SHMETRICS_INVALID_NAME);
    const std::string_view message = error_.message;
    EXPECT_TRUE(shm::IsValidUtf8(message)) << message;
    EXPECT_GE(message.size(), sizeof(error_.message) - 3);
  }
}

TEST_F(CRefusalTest, NumbersThatNameNothingAreRefused) {
  shmetrics_registry* registry = OpenFromC();
  const shmetrics_family_options options = Named("load");
  shmetrics_family* family = nullptr;
  EXPECT_EQ(shmetrics_gauge_family(registry, &options, 7, &family, &error_), SHMETRICS_BAD_ARGUMENT)
      << "7 is the internal mode of lease gauges, and no choice of the caller";
  shmetrics_quota* quota = nullptr;
  ASSERT_EQ(shmetrics_quota_create(registry, nullptr, &quota, &error_), SHMETRICS_OK);
  shmetrics_limits limits;
  EXPECT_EQ(shmetrics_quota_limits(quota, 4, &limits), SHMETRICS_BAD_ARGUMENT);
  EXPECT_EQ(shmetrics_quota_set_tier(quota, "42", SHMETRICS_TIER_NONE, &error_), SHMETRICS_BAD_ARGUMENT);
  const shmetrics_start_options start{sizeof(start), SHMETRICS_TIER_NONE, 3, 0};
  shmetrics_activity* stream = nullptr;
  EXPECT_EQ(shmetrics_quota_try_start_stream(quota, "42", &start, &stream, &error_), SHMETRICS_BAD_ARGUMENT);
  EXPECT_EQ(shmetrics_quota_consume_daily_minutes(quota, "42", 1, -1, nullptr, &error_),
            SHMETRICS_BAD_ARGUMENT);
  EXPECT_EQ(shmetrics_quota_consume_daily_minutes(quota, "42", NAN, 0, nullptr, &error_),
            SHMETRICS_BAD_OPTION);
  ASSERT_EQ(shmetrics_lease_family(registry, &options, &family, &error_), SHMETRICS_OK);
  shmetrics_lease* lease = nullptr;
  EXPECT_EQ(shmetrics_lease_try_acquire(family, nullptr, 0, 1, -1, &lease, &error_), SHMETRICS_BAD_OPTION);
  EXPECT_EQ(shmetrics_lease_try_acquire(family, nullptr, 0, 1, INT64_MAX, &lease, &error_), SHMETRICS_OK)
      << "a TTL as long as a number can say is as good as none";
  EXPECT_EQ(shmetrics_lease_renew(lease), SHMETRICS_OK);
  shmetrics_lease_free(lease);
}

TEST_F(CRefusalTest, LabelsWithANullAreRefusedAndOtherRefusalsOfInfosAreReported) {
  const char* name[] = {"a"};
  const char* nothing[] = {nullptr};
  shmetrics_labels labels{sizeof(labels), name, nothing, 1};
  shmetrics_family* latency = HistogramFamily(OpenFromC());
  EXPECT_EQ(shmetrics_histogram_observe_exemplar(latency, name, 1, 1, &labels), SHMETRICS_BAD_ARGUMENT);
  EXPECT_EQ(Read().Histogram("latency{a=\"a\"}").count, 0U) << "a refused exemplar counts nothing";
  EXPECT_EQ(shmetrics_info_say(OpenFromC(), "build", nullptr, &labels, &error_), SHMETRICS_BAD_ARGUMENT);
  labels.values = name;
  EXPECT_EQ(shmetrics_info_say(OpenFromC(), "bad name", nullptr, &labels, &error_), SHMETRICS_INVALID_NAME);
  EXPECT_EQ(shmetrics_info_say(OpenFromC(), "build", nullptr, &labels, &error_), SHMETRICS_OK);
  labels.names = nullptr;
  labels.values = nullptr;
  labels.count = 0;
  EXPECT_EQ(shmetrics_info_say(OpenFromC(), "build", nullptr, &labels, &error_), SHMETRICS_CONFLICT);
  EXPECT_EQ(shmetrics_histogram_observe_exemplar(latency, name, 1, 1, &labels), SHMETRICS_OK);
  EXPECT_EQ(Read().Exemplars("latency{a=\"a\"}").size(), 1U) << "one without labels";
}

}  // namespace
}  // namespace shmetrics

// Fault L10. The C interface refuses what the C++ interface refuses, and says so with the code. The handle
// works all the same. A handle of another type is refused.

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "shmetrics/c.h"
#include "tests/support/registry_fixture.h"

namespace shmetrics {
namespace {

constexpr std::array kLabels = {"method", "code"};
constexpr std::array kGood = {"GET", "200"};
constexpr std::array kOne = {"GET"};
constexpr std::array kBad = {"GET", "\xff\xfe"};
constexpr std::array<double, 2> kBounds = {1, 2};

class CRefusalTest : public testing::RegistryFixture {
 protected:
  explicit CRefusalTest(const std::string& segment = {}) {
    if (!segment.empty()) segment_ = segment;
    shmetrics_registry_options options{};
    options.size = sizeof options;
    options.segment = segment_.c_str();
    options.segment_bytes = 8U << 20U;
    options.series_limit = 1'000;
    options.family_series_limit = 100;
    options.worker_slots = 64;
    shmetrics_registry_open(&options, &registry_, &error_);
    shmetrics_family_options asked{};
    asked.size = sizeof asked;
    asked.labels = kLabels.data();
    asked.label_count = kLabels.size();
    asked.name = "requests_total";
    shmetrics_counter_family(registry_, &asked, &counters_, &error_);
    asked.name = "seconds_total";
    shmetrics_fractional_family(registry_, &asked, &fractionals_, &error_);
    asked.name = "depth";
    shmetrics_gauge_family(registry_, &asked, SHMETRICS_GAUGE_SUM, &gauges_, &error_);
    asked.name = "latency";
    shmetrics_histogram_family(registry_, &asked, kBounds.data(), kBounds.size(), &histograms_, &error_);
    asked.name = "streams";
    shmetrics_lease_family(registry_, &asked, &leases_, &error_);
  }

  shmetrics_registry* registry_ = nullptr;
  shmetrics_family *counters_ = nullptr, *fractionals_ = nullptr, *gauges_ = nullptr, *histograms_ = nullptr,
                   *leases_ = nullptr;
  shmetrics_error error_{};
};

TEST_F(CRefusalTest, ALabelSetThatIsRefusedGivesTheCodeAndAHandleThatWorks) {
  for (const auto& [values, count] : {std::pair{kOne.data(), kOne.size()}, {kBad.data(), kBad.size()}}) {
    shmetrics_counter* counter = nullptr;
    EXPECT_EQ(shmetrics_counter_with(counters_, values, count, &counter), SHMETRICS_INVALID_LABELS);
    EXPECT_EQ(shmetrics_counter_inc(counter), SHMETRICS_OK);
    shmetrics_fractional* fractional = nullptr;
    EXPECT_EQ(shmetrics_fractional_with(fractionals_, values, count, &fractional), SHMETRICS_INVALID_LABELS);
    EXPECT_EQ(shmetrics_fractional_add(fractional, 0.5), SHMETRICS_OK);
    shmetrics_gauge* gauge = nullptr;
    EXPECT_EQ(shmetrics_gauge_with(gauges_, values, count, &gauge), SHMETRICS_INVALID_LABELS);
    EXPECT_EQ(shmetrics_gauge_set(gauge, 1), SHMETRICS_INVALID_LABELS) << "no scrape shows it";
    EXPECT_EQ(shmetrics_gauge_sub(gauge, 1), SHMETRICS_INVALID_LABELS);
    shmetrics_histogram* histogram = nullptr;
    EXPECT_EQ(shmetrics_histogram_with(histograms_, values, count, &histogram), SHMETRICS_INVALID_LABELS);
    EXPECT_EQ(shmetrics_histogram_observe(histogram, 1), SHMETRICS_OK);
    EXPECT_EQ(shmetrics_counter_add_exemplar(counters_, values, count, 1, nullptr), SHMETRICS_BAD_ARGUMENT);
  }
  EXPECT_EQ(Read().Counter("requests_total{otel_metric_overflow=\"true\"}"), 2U)
      << "the refused ones count as overflow";
}

TEST_F(CRefusalTest, ALabelSetBeyondTheLimitGivesTheCode) {
  shmetrics_counter* counter = nullptr;
  shmetrics_code last = SHMETRICS_OK;
  for (int i = 0; i <= 100; i++) {
    const std::string code = std::to_string(i);
    const std::array values = {"GET", code.c_str()};
    last = shmetrics_counter_with(counters_, values.data(), values.size(), &counter);
  }
  EXPECT_EQ(last, SHMETRICS_SERIES_LIMIT);
  EXPECT_EQ(shmetrics_counter_inc(counter), SHMETRICS_OK);
}

TEST_F(CRefusalTest, EachGaugeThatIsRefusedSaysItsOwnReason) {
  shmetrics_gauge* invalid = nullptr;
  EXPECT_EQ(shmetrics_gauge_with(gauges_, kBad.data(), kBad.size(), &invalid), SHMETRICS_INVALID_LABELS);
  shmetrics_gauge* beyond = nullptr;
  for (int i = 0; i <= 100; i++) {
    const std::string code = std::to_string(i);
    const std::array values = {"GET", code.c_str()};
    shmetrics_gauge_with(gauges_, values.data(), values.size(), &beyond);
  }
  EXPECT_EQ(shmetrics_gauge_set(beyond, 1), SHMETRICS_SERIES_LIMIT);
  EXPECT_EQ(shmetrics_gauge_set(invalid, 1), SHMETRICS_INVALID_LABELS);
  shmetrics_gauge* good = nullptr;
  const std::array first = {"GET", "0"};
  EXPECT_EQ(shmetrics_gauge_with(gauges_, first.data(), first.size(), &good), SHMETRICS_OK);
  EXPECT_EQ(shmetrics_gauge_set(good, 1), SHMETRICS_OK);
}

class CWithoutSegmentTest : public CRefusalTest {
 protected:
  CWithoutSegmentTest() : CRefusalTest("/proc/no-segment-can-be-here.v1") {}
};

TEST_F(CWithoutSegmentTest, EachTypeSaysWhyItIsNotShownAndItsHandleWorks) {
  shmetrics_counter* counter = nullptr;
  EXPECT_NE(shmetrics_counter_with(counters_, kGood.data(), kGood.size(), &counter), SHMETRICS_OK);
  EXPECT_EQ(shmetrics_counter_inc(counter), SHMETRICS_OK);
  shmetrics_gauge* gauge = nullptr;
  EXPECT_NE(shmetrics_gauge_with(gauges_, kGood.data(), kGood.size(), &gauge), SHMETRICS_OK);
  EXPECT_NE(shmetrics_gauge_set(gauge, 1), SHMETRICS_OK) << "the value is kept, but no scrape shows it";
  shmetrics_histogram* histogram = nullptr;
  EXPECT_NE(shmetrics_histogram_with(histograms_, kGood.data(), kGood.size(), &histogram), SHMETRICS_OK);
  EXPECT_EQ(shmetrics_histogram_observe(histogram, 1), SHMETRICS_OK);
}

TEST_F(CRefusalTest, AHandleOfAnotherTypeIsRefused) {
  shmetrics_counter* counter = nullptr;
  shmetrics_fractional* fractional = nullptr;
  shmetrics_gauge* gauge = nullptr;
  shmetrics_histogram* histogram = nullptr;
  shmetrics_lease* lease = nullptr;
  ASSERT_EQ(shmetrics_counter_with(counters_, kGood.data(), kGood.size(), &counter), SHMETRICS_OK);
  ASSERT_EQ(shmetrics_fractional_with(fractionals_, kGood.data(), kGood.size(), &fractional), SHMETRICS_OK);
  ASSERT_EQ(shmetrics_gauge_with(gauges_, kGood.data(), kGood.size(), &gauge), SHMETRICS_OK);
  ASSERT_EQ(shmetrics_histogram_with(histograms_, kGood.data(), kGood.size(), &histogram), SHMETRICS_OK);
  ASSERT_EQ(shmetrics_lease_try_acquire(leases_, kGood.data(), kGood.size(), 1, 0, &lease, &error_),
            SHMETRICS_OK);
  for (void* handle :
       {static_cast<void*>(counter), static_cast<void*>(gauge), static_cast<void*>(histogram)}) {
    EXPECT_EQ(shmetrics_activity_check(static_cast<shmetrics_activity*>(handle)), SHMETRICS_BAD_ARGUMENT);
    shmetrics_limits limits{};
    EXPECT_EQ(shmetrics_quota_limits(static_cast<shmetrics_quota*>(handle), SHMETRICS_TIER_FREE, &limits),
              SHMETRICS_BAD_ARGUMENT);
    shmetrics_lease_free(static_cast<shmetrics_lease*>(handle));
    shmetrics_activity_free(static_cast<shmetrics_activity*>(handle));
  }
  shmetrics_quota* quota = nullptr;
  shmetrics_activity* activity = nullptr;
  ASSERT_EQ(shmetrics_quota_create(registry_, nullptr, &quota, &error_), SHMETRICS_OK) << error_.message;
  ASSERT_EQ(shmetrics_quota_try_start_stream(quota, "42", nullptr, &activity, &error_), SHMETRICS_OK);
  const std::vector<void*> handles = {counter,   fractional, gauge, histogram, lease,
                                      counters_, registry_,  quota, activity};
  using Use = std::function<shmetrics_code(void*)>;
  const std::vector<Use> uses = {
      [](void* handle) { return shmetrics_counter_inc(static_cast<shmetrics_counter*>(handle)); },
      [](void* handle) { return shmetrics_fractional_add(static_cast<shmetrics_fractional*>(handle), 1); },
      [](void* handle) { return shmetrics_gauge_set(static_cast<shmetrics_gauge*>(handle), 1); },
      [](void* handle) { return shmetrics_histogram_observe(static_cast<shmetrics_histogram*>(handle), 1); },
      [](void* handle) { return shmetrics_lease_renew(static_cast<shmetrics_lease*>(handle)); },
      [](void* handle) { return shmetrics_family_check(static_cast<shmetrics_family*>(handle), nullptr); },
      [](void* handle) {
        shmetrics_status status{};
        return shmetrics_registry_status(static_cast<shmetrics_registry*>(handle), &status);
      },
      [](void* handle) {
        shmetrics_limits limits{};
        return shmetrics_quota_limits(static_cast<shmetrics_quota*>(handle), SHMETRICS_TIER_FREE, &limits);
      },
      [](void* handle) { return shmetrics_activity_heartbeat(static_cast<shmetrics_activity*>(handle)); },
  };
  for (std::size_t used = 0; used < uses.size(); used++) {
    for (std::size_t given = 0; given < handles.size(); given++) {
      EXPECT_EQ(uses[used](handles[given]), used == given ? SHMETRICS_OK : SHMETRICS_BAD_ARGUMENT)
          << "handle " << given << " in function " << used;
    }
  }
  // Nothing is freed that is not the function's, and no registry is made of a lease.
  for (void* handle : handles) {
    if (handle != lease) shmetrics_lease_free(static_cast<shmetrics_lease*>(handle));
    if (handle != activity) shmetrics_activity_free(static_cast<shmetrics_activity*>(handle));
    if (handle == registry_) continue;
    auto* const registry = static_cast<shmetrics_registry*>(handle);
    shmetrics_quota* none = quota;
    EXPECT_EQ(shmetrics_quota_create(registry, nullptr, &none, &error_), SHMETRICS_BAD_ARGUMENT);
    EXPECT_EQ(none, nullptr);
    EXPECT_EQ(shmetrics_info_say(registry, "build", nullptr, nullptr, &error_), SHMETRICS_BAD_ARGUMENT);
    EXPECT_EQ(error_.code, SHMETRICS_BAD_ARGUMENT);
  }
  EXPECT_EQ(shmetrics_lease_check(lease), SHMETRICS_OK);
  EXPECT_EQ(shmetrics_activity_check(activity), SHMETRICS_OK);
  shmetrics_activity_free(activity);
  shmetrics_lease_free(lease);
}

TEST_F(CRefusalTest, AnIncrementThatWasNegativeIsRefused) {
  shmetrics_counter* counter = nullptr;
  ASSERT_EQ(shmetrics_counter_with(counters_, kGood.data(), kGood.size(), &counter), SHMETRICS_OK);
  EXPECT_EQ(shmetrics_counter_add(counter, 100), SHMETRICS_OK);
  for (const std::int64_t negative :
       {std::int64_t{-5}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min()}) {
    EXPECT_EQ(shmetrics_counter_add(counter, static_cast<std::uint64_t>(negative)), SHMETRICS_BAD_ARGUMENT);
  }
  EXPECT_EQ(Read().Counter("requests_total{method=\"GET\",code=\"200\"}"), 100U);
}

TEST_F(CRefusalTest, ANegativeLimitOfALeaseIsUnlimitedAndOneBeyondThirtyTwoBitsIsRefused) {
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max() - 1;
  shmetrics_lease* lease = nullptr;
  const auto acquire = [&](std::int64_t limit) {
    const shmetrics_code code =
        shmetrics_lease_try_acquire(leases_, kGood.data(), kGood.size(), limit, 0, &lease, &error_);
    shmetrics_lease_free(lease);
    return code;
  };
  EXPECT_EQ(acquire(SHMETRICS_UNLIMITED), SHMETRICS_OK);
  EXPECT_EQ(acquire(std::numeric_limits<std::int64_t>::min()), SHMETRICS_OK);
  EXPECT_EQ(acquire(kMost), SHMETRICS_OK);
  EXPECT_EQ(acquire(0), SHMETRICS_LIMIT_REACHED);
  EXPECT_EQ(acquire(kMost + 1), SHMETRICS_BAD_OPTION);
  EXPECT_EQ(acquire(std::numeric_limits<std::int64_t>::max()), SHMETRICS_BAD_OPTION);
}

}  // namespace
}  // namespace shmetrics

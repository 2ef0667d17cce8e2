// Fault L12. What a program does costs the same among many of its kind as among few. Each test compares the
// best of many rounds in both. It allows eight times the cost for a thousand times as many, which no cost
// keeps that grows with the number.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/fastest.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

constexpr int kFew = 20, kMany = 20'000;
constexpr double kMostTimes = 8;

class FlatCostTest : public testing::RegistryFixture {
 protected:
  FlatCostTest() : registry_(Registry::open(Many())) {}

  /// The time of the fastest of many rounds, each of which calls `work` a few times.
  template <class Work>
  static double Cost(const Work& work) {
    return testing::FastestOf(200, [&] {
      for (int i = 0; i < 5; i++) work();
    });
  }

  Registry& registry_;

 private:
  RegistryOptions Many() const {
    RegistryOptions options = Options();
    options.segment_bytes = 256U << 20U;
    options.series_limit = options.family_series_limit = 2 * kMany;
    options.lease_limit = 2 * kMany;
    return options;
  }
};

TEST_F(FlatCostTest, ALeaseAmongManyOfItsKeyCostsWhatItCostsAmongFew) {
  const LeaseGaugeFamily streams = registry_.lease_gauge({.name = "streams", .labels = {"user_id"}});
  const LeaseOptions options{.limit = 2 * kMany, .ttl = std::chrono::hours(1)};
  std::vector<Lease> held;
  const auto hold = [&](int count) {
    while (held.size() < static_cast<std::size_t>(count)) {
      Result<Lease> lease = streams.try_acquire({"42"}, options);
      ASSERT_TRUE(lease.ok()) << lease.error().message;
      held.push_back(std::move(lease.value()));
    }
  };
  const auto acquire_and_release = [&] { EXPECT_TRUE(streams.try_acquire({"42"}, options).ok()); };
  hold(kFew);
  const double among_few = Cost(acquire_and_release);
  hold(kMany);
  EXPECT_LT(Cost(acquire_and_release), kMostTimes * among_few);
  EXPECT_EQ(streams.live({"42"}).value(), static_cast<std::uint64_t>(kMany));
}

TEST_F(FlatCostTest, AReservationOfMinutesAmongManyOfItsUserCostsWhatItCostsAmongFew) {
  const audio::Quota quota(registry_, {.config = "/dev/null"});
  const auto reserve = [&] { return quota.reserve_daily_minutes("42", 1e-3, audio::Tier::standard); };
  std::vector<audio::Reservation> held;
  const auto hold = [&](int count) {
    while (held.size() < static_cast<std::size_t>(count)) {
      audio::ReserveResult reservation = reserve();
      ASSERT_TRUE(reservation.ok()) << reservation.error().message;
      held.push_back(std::move(reservation.value()));
    }
  };
  const auto reserve_and_settle = [&] { EXPECT_TRUE(reserve()->settle(1e-9)); };
  const auto consume = [&] { EXPECT_TRUE(quota.consume_daily_minutes("42", 1e-9, audio::Tier::standard)); };
  hold(kFew);
  const double reserve_among_few = Cost(reserve_and_settle), consume_among_few = Cost(consume);
  hold(kMany);
  EXPECT_LT(Cost(reserve_and_settle), kMostTimes * reserve_among_few);
  EXPECT_LT(Cost(consume), kMostTimes * consume_among_few);
  EXPECT_NEAR(quota.daily_minutes("42")->reserved, kMany * 1e-3, 1e-9);
}

TEST_F(FlatCostTest, ARefusalAmongManyLeasesOfAnotherProcessCostsWhatItCostsAmongFew) {
  const LeaseGaugeFamily streams = registry_.lease_gauge({.name = "streams", .labels = {"user_id"}});
  const testing::SharedPage<std::atomic<int>> are_held;
  const testing::Child holder([&] {
    std::vector<Lease> held;
    for (const auto& [user, count] : {std::pair{"few", kFew}, {"many", kMany}}) {
      for (int i = 0; i < count; i++) held.push_back(std::move(streams.try_acquire({user}, {}).value()));
    }
    are_held->store(1);
    for (;;) pause();
  });
  testing::WaitUntil([&] { return are_held->load() == 1; });
  const auto refusal = [&](const char* user, std::uint32_t limit) {
    return Cost([&] {
      EXPECT_EQ(streams.try_acquire({user}, {.limit = limit}).error().code, ErrorCode::kLimitReached);
    });
  };
  const double among_few = refusal("few", kFew);
  EXPECT_LT(refusal("many", kMany), kMostTimes * among_few);
}

TEST_F(FlatCostTest, ManyLeasesOfADeadProcessOrOfThePastLeaveTheirPlaces) {
  const LeaseGaugeFamily streams = registry_.lease_gauge({.name = "streams", .labels = {"user_id"}});
  ASSERT_EQ(testing::RunInChild([&] {
              std::vector<Lease> held;
              for (int i = 0; i < kMany; i++)
                held.push_back(std::move(streams.try_acquire({"42"}, {}).value()));
              _exit(0);
            }),
            0);
  for (int i = 0; i < 100; i++) {
    Result<Lease> lease = streams.try_acquire({"42"}, {.limit = 100, .ttl = std::chrono::nanoseconds(1)});
    ASSERT_TRUE(lease.ok()) << i << ": " << lease.error().message;
  }
  EXPECT_EQ(streams.live({"42"}).value(), 0U);
  std::vector<Lease> held;
  for (int i = 0; i < 100; i++) {
    Result<Lease> lease = streams.try_acquire({"42"}, {.limit = 100});
    ASSERT_TRUE(lease.ok()) << i << ": " << lease.error().message;
    held.push_back(std::move(lease.value()));
  }
  EXPECT_FALSE(streams.try_acquire({"42"}, {.limit = 100}).ok());
}

TEST_F(FlatCostTest, AGaugeAmongManyOfItsProcessCostsWhatItCostsAmongFew) {
  const GaugeFamily depth = registry_.gauge({.name = "depth", .labels = {"queue"}});
  int next = 0;
  const auto set_new = [&] { depth.with({std::to_string(next++)}).set(1); };
  const auto set_known = [&] { depth.with({"7"}).set(2); };
  while (next < kFew) set_new();
  const double new_among_few = Cost(set_new), known_among_few = Cost(set_known);
  while (next < kMany) set_new();
  EXPECT_LT(Cost(set_new), kMostTimes * new_among_few);
  EXPECT_LT(Cost(set_known), kMostTimes * known_among_few);
  EXPECT_EQ(Read().Gauge(R"(depth{queue="7"})"), 2.0);
  EXPECT_EQ(Read().Gauge(R"(depth{queue="19999"})"), 1.0);
}

TEST_F(FlatCostTest, AKnownFamilyAmongManyCostsWhatItCostsAmongFew) {
  const auto count_in = [&](int family) {
    registry_.counter({.name = "family_" + std::to_string(family) + "_total"});
  };
  for (int i = 0; i < kFew; i++) count_in(i);
  const auto known = [&] { count_in(0); };
  const double among_few = Cost(known);
  for (int i = kFew; i < kMany; i++) count_in(i);
  EXPECT_LT(Cost(known), kMostTimes * among_few);
}

}  // namespace
}  // namespace shmetrics

// Fault A7. Leases by the thousand: reading them costs what reading as many series does.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "shm/segment/segment.h"
#include "shm/snapshot/snapshot_reader.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/fastest.h"
#include "tests/support/registry_fixture.h"

namespace shmetrics {
namespace {

constexpr int kMany = 20'000;
/// A look at leases alone takes six times as long as one at series, and in an unoptimised build 15 times: each
/// lease is looked at twice, and lies in a cache line of its own. It was hundreds of times when each look
/// copied, hashed and sorted all keys.
constexpr double kMostTimes = 40;

class ManyLeasesTest : public testing::RegistryFixture {
 protected:
  ManyLeasesTest() : registry_(Registry::open(Many())) {}

  /// The fastest of many looks, without the first one.
  double CostOfALook() {
    shm::SnapshotReader reader(
        shm::Segment::Attach(Options().segment, shm::Segment::Access::kReadOnly).value());
    shm::Snapshot snapshot{};
    reader.Read(&snapshot, shm::ExemplarReading::kSkip);
    const double best = testing::FastestOf(20, [&] { reader.Read(&snapshot, shm::ExemplarReading::kSkip); });
    EXPECT_EQ(snapshot.families.back().series.size(), static_cast<std::size_t>(kMany));
    return best;
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

TEST_F(ManyLeasesTest, ALookAtThemCostsWhatOneAtAsManySeriesDoes) {
  const CounterFamily jobs = registry_.counter({.name = "jobs_total", .labels = {"user_id"}});
  for (int i = 0; i < kMany; i++) jobs.with({std::to_string(i)}).inc();
  const double series = CostOfALook();
  const LeaseGaugeFamily streams = registry_.lease_gauge({.name = "streams", .labels = {"user_id"}});
  std::vector<Lease> held;
  for (int i = 0; i < kMany; i++)
    held.push_back(std::move(streams.try_acquire({std::to_string(i)}, {}).value()));
  EXPECT_LT(CostOfALook(), kMostTimes * series);
}

}  // namespace
}  // namespace shmetrics

// Random operations of many workers, kills at a rate of a thousand a minute, and at every scrape an oracle that knows what
// may be shown. SHMETRICS_SOAK_SECONDS is how long, both tests together; SHMETRICS_SOAK_SEED what is done (soak.h).

#include "tests/soak/soak.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "tests/support/child.h"
#include "tests/support/mount_namespace.h"
#include "tests/support/private_folder.h"

namespace shmetrics::soak {
namespace {

using std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

/// Of each of the two tests.
Seconds Duration() {
#if defined(__SANITIZE_ADDRESS__)
  constexpr double kSeconds = 10;
#else
  constexpr double kSeconds = 25;
#endif
  const char* seconds = std::getenv("SHMETRICS_SOAK_SECONDS");
  return Seconds((seconds == nullptr ? kSeconds : std::atof(seconds)) / 2);
}

std::uint64_t FirstSeed() {
  if (const char* seed = std::getenv("SHMETRICS_SOAK_SEED")) return std::strtoull(seed, nullptr, 10);
  return std::random_device()();
}

/// Soaks one segment after the other, a minute each, until the time is over or one has failed.
void RunSoaks(Chaos chaos) {
  std::uint64_t seed = FirstSeed();
  const auto end = steady_clock::now() + Duration();
  for (Seconds left = Duration(); left > Seconds(0); left = end - steady_clock::now(), seed++) {
    const testing::PrivateFolder folder;
    const bool can_mount = testing::CanMount(folder.path());
    std::printf("SHMETRICS_SOAK_SEED=%llu\n", static_cast<unsigned long long>(seed));
    const int ended = testing::RunInChild([&] {
      if (can_mount) {
        ASSERT_TRUE(testing::EnterMountNamespace());
        ASSERT_TRUE(testing::MountTmpfs(folder.path(), "24m"));
      }
      Soak(SHMETRICS_AGENT, folder.path(), chaos, seed, can_mount).Run(std::min(left, Seconds(60)));
    });
    ASSERT_EQ(ended, 0) << "SHMETRICS_SOAK_SEED=" << seed << " does the same again";
  }
}

// Faults 1, 2, 4, 5, 6, 7, 10, 15, 21 and 30.
TEST(SoakTest, EveryScrapeIsRightWhileWorkersAndAgentsDieAndTheTmpfsFills) {
  RunSoaks(Chaos::kAgentsDieAndTmpfsFills);
}

// Faults 1, 2, 4, 5, 6, 7, 10, 15 and 26.
TEST(SoakTest, EveryScrapeIsRightWhileWorkersDieAndTheSegmentIsRemoved) {
  RunSoaks(Chaos::kSegmentIsRemoved);
}

}  // namespace
}  // namespace shmetrics::soak

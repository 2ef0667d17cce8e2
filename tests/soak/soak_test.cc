// Random operations of many workers, with a thousand kills a minute. At every scrape an oracle knows what may
// be shown. SHMETRICS_SOAK_SECONDS is the time for both tests together. SHMETRICS_SOAK_SEED decides what is
// done (soak.h).

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
#include "tests/support/nightly.h"
#include "tests/support/private_folder.h"

namespace shmetrics::soak {
namespace {

using std::chrono::steady_clock;
using Duration = std::chrono::duration<double>;

/// The time for both tests together.
double Seconds() {
  if (const char* seconds = std::getenv("SHMETRICS_SOAK_SECONDS")) return std::atof(seconds);
  if (testing::IsNightly()) return 900;
#if defined(__SANITIZE_ADDRESS__)
  return 10;
#else
  return 60;
#endif
}

std::uint64_t FirstSeed() {
  if (const char* seed = std::getenv("SHMETRICS_SOAK_SEED")) return std::strtoull(seed, nullptr, 10);
  return std::random_device()();
}

/// Soaks one segment after another, half a minute each, until the time is over or one has failed.
void RunSoaks(Chaos chaos) {
  std::uint64_t seed = FirstSeed();
  const Duration duration(Seconds() / 2);
  const auto end = steady_clock::now() + duration;
  for (Duration left = duration; left > Duration(0); left = end - steady_clock::now(), seed++) {
    const testing::PrivateFolder folder;
    const bool can_mount = testing::CanMount(folder.path());
    std::printf("SHMETRICS_SOAK_SEED=%llu\n", static_cast<unsigned long long>(seed));
    const int ended = testing::RunInChild([&] {
      if (can_mount) {
        ASSERT_TRUE(testing::EnterMountNamespace());
        ASSERT_TRUE(testing::MountTmpfs(folder.path(), "24m"));
      }
      Soak(SHMETRICS_AGENT, folder.path(), chaos, seed, can_mount).Run(std::min(left, Duration(30)));
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

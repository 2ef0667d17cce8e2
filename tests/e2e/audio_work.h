#ifndef SHMETRICS_TESTS_E2E_AUDIO_WORK_H_
#define SHMETRICS_TESTS_E2E_AUDIO_WORK_H_

// The work of the deploy test's workers, with the numbers that its expectations repeat.

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "shmetrics/shmetrics.h"

namespace shmetrics::testing {

/// The work of one worker: the streams and jobs it begins by user, and the denials it gives by type.
struct Work {
  std::map<std::string, int> streams, jobs, violations;
};
inline const std::vector<Work> kWork = {
    {{{"1", 2}, {"2", 1}}, {{"1", 1}}, {{"daily_minutes", 10}, {"concurrent_streams", 3}}},
    {{{"1", 1}}, {{"3", 4}}, {{"daily_minutes", 7}}},
    {{{"4", 5}}, {}, {{"concurrent_streams", 2}}},
};
inline const int kWorkers = static_cast<int>(kWork.size());
inline constexpr int kConflicts = 1;
inline constexpr int kTooManySeries = 4;
inline constexpr int kShortLived = 12;

/// Announces the metrics, calls `begin` and does the work. What it began goes on while the result lives.
inline std::vector<audio::Activity> RunWorker(Registry& registry, const Work& work,
                                              const std::function<void()>& begin) {
  // One tier may have everything, the other nothing.
  setenv("AUDIO_TIER_LIMITS_JSON",
         R"({"premium": {"concurrent_streams": null, "concurrent_jobs": null},)"
         R"( "free": {"daily_minutes": 0, "concurrent_streams": 0, "concurrent_jobs": 0}})",
         1);
  const audio::Quota quota(registry, {.config = "/dev/null"});
  begin();
  constexpr audio::StartOptions kAllowed = {.tier = audio::Tier::premium,
                                            .lifetime = audio::Lifetime::worker};
  constexpr audio::StartOptions kDenied = {.tier = audio::Tier::free};
  std::vector<audio::Activity> activities;
  const auto hold = [&activities](Result<audio::Activity> started) {
    EXPECT_TRUE(started.ok()) << started.error().message;
    if (started.ok()) activities.push_back(std::move(started.value()));
  };
  for (const auto& [user, count] : work.streams) {
    for (int i = 0; i < count; i++) hold(quota.try_start_stream(user, kAllowed));
  }
  for (const auto& [user, count] : work.jobs) {
    for (int i = 0; i < count; i++) hold(quota.try_start_job(user, kAllowed));
  }
  for (const auto& [type, count] : work.violations) {
    for (int i = 0; i < count; i++) {
      if (type == "daily_minutes") {
        EXPECT_FALSE(quota.consume_daily_minutes("denied", 1, kDenied.tier).ok());
      } else {
        EXPECT_FALSE(quota.try_start_stream("denied", kDenied).ok());
      }
    }
  }
  return activities;
}

inline void AskForWhatIsRefused(Registry& registry) {
  for (int i = 0; i < kConflicts; i++)
    registry.counter({.name = "audio_quota_violations_total", .labels = {"kind"}});
  const auto crowded = registry.counter({.name = "crowded_total", .labels = {"number"}});
  for (int i = 0; i < 100 + kTooManySeries; i++) crowded.with({std::to_string(i)}).inc();
}

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_E2E_AUDIO_WORK_H_

// A second domain beside audio: minutes of video, with limits, tiers and metrics of their own.
//
// Usage: video_quota USER MINUTES...
// Reserves an estimate for each job, and settles it with the minutes that the job turned out to have.

#include <cstdio>
#include <cstdlib>

#include "shmetrics/shmetrics.h"

int main(int argc, char** argv) {
  using shmetrics::audio::Limits;
  if (argc < 3) {
    std::fprintf(stderr, "usage: video_quota USER MINUTES...\n");
    return 2;
  }
  const shmetrics::audio::Quota quota(
      shmetrics::Registry::global(),
      {.domain = "video", .limits = {{Limits{10, 1, 1, {}}, Limits{100, 2, 2, {}}, Limits{}}}});
  constexpr double kEstimate = 4;
  for (int i = 2; i < argc; i++) {
    auto job = quota.reserve_daily_minutes(argv[1], kEstimate);
    if (!job) {
      std::printf("denied: %s\n", job.error().message.c_str());
      return 1;
    }
    // Here the video would be encoded. If this process died now, nobody would be charged.
    const auto day = job->settle(std::strtod(argv[i], nullptr));
    if (!day) {
      std::printf("not settled: %s\n", day.error().message.c_str());
      return 1;
    }
    std::printf("%g of %g minutes used today\n", day->used, day->limit.value_or(0));
  }
  return 0;
}

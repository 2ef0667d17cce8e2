#ifndef SHMETRICS_TESTS_CLIENT_LIB_AUDIO_AUDIO_FIXTURE_H_
#define SHMETRICS_TESTS_CLIENT_LIB_AUDIO_AUDIO_FIXTURE_H_

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <optional>
#include <string>

#include "shm/leases/lease_shard.h"
#include "shm/segment/segment.h"
#include "shmetrics/audio.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/segment_reading.h"

namespace shmetrics::audio {

/// Tests a quota in a segment of its own, and reads that segment.
class AudioTest : public testing::RegistryFixture {
 protected:
  ~AudioTest() override {
    for (const char* name : {"AUDIO_STREAM_TTL_SECONDS", "AUDIO_JOB_TTL_SECONDS", "AUDIO_TIER_LIMITS_JSON"}) {
      unsetenv(name);
    }
  }
  Quota MakeQuota(const std::string& ini = "") const {
    const std::string path = folder_ + "/shmetrics.ini";
    std::ofstream(path) << "[Audio-Quota]\n" << ini;
    return Quota(Open(), {.config = path});
  }
  std::uint64_t Violations(const std::string& type) const {
    return Read().Counter("audio_quota_violations_total{type=\"" + type + "\"}");
  }
  std::optional<double> Streams(const std::string& user) const {
    return Read().Gauge("audio_streaming_active{user_id=\"" + user + "\"}");
  }
  /// True if the user's only lease ends without a heartbeat.
  bool HasDeadline(const std::string& user) const {
    const auto segment = shm::Segment::Attach(segment_, shm::Segment::Access::kReadWrite).value();
    bool has_deadline = false;
    for (std::uint64_t hash = 0; hash < shm::layout::kLeaseShards; hash++) {
      shm::LeaseShard::Lock(*segment, hash)->leases().ForEach([&](const shm::layout::LeaseEntry& entry) {
        if (shm::KeyOf(entry) == "user_id=\"" + user + "\"")
          has_deadline = entry.state.deadline_ns != shm::layout::kNoDeadline;
      });
    }
    return has_deadline;
  }
  static std::string Today() {
    const std::time_t now = std::time(nullptr);
    char day[16];
    std::strftime(day, sizeof day, "%Y-%m-%d", std::gmtime(&now));
    return day;
  }
  std::optional<double> Jobs(const std::string& user) const {
    return Read().Gauge("audio_jobs_active{user_id=\"" + user + "\"}");
  }
};

}  // namespace shmetrics::audio

#endif  // SHMETRICS_TESTS_CLIENT_LIB_AUDIO_AUDIO_FIXTURE_H_

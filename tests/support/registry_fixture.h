#ifndef SHMETRICS_TESTS_SUPPORT_REGISTRY_FIXTURE_H_
#define SHMETRICS_TESTS_SUPPORT_REGISTRY_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "shmetrics/lease.h"
#include "shmetrics/registry.h"
#include "tests/support/segment_reading.h"

namespace shmetrics::testing {

/// A test with its own folder on tmpfs, for one segment and files about it. The folder is removed with the
/// test.
class RegistryFixture : public ::testing::Test {
 public:
  RegistryFixture() {
    char name[] = "/dev/shm/shmetrics-test-XXXXXX";
    folder_ = mkdtemp(name);
    segment_ = folder_ + "/segment.v1";
  }
  ~RegistryFixture() override { std::filesystem::remove_all(folder_); }

 protected:
  /// Options of a small segment, so that a test reaches its limits quickly.
  RegistryOptions Options() const {
    return {.segment = segment_,
            .worker_name = "test",
            .segment_bytes = 8U << 20U,
            .series_limit = 1'000,
            .family_series_limit = 100,
            .worker_slots = 64};
  }
  Registry& Open() const { return Registry::open(Options()); }
  SegmentReading Read() const { return testing::Read(segment_); }

  std::string folder_;
  std::string segment_;
};

/// How many leases without labels are alive; nothing if that was not decided.
inline std::optional<std::uint64_t> LiveOf(const LeaseGaugeFamily& family) {
  const Result<std::uint64_t> live = family.live({});
  return live.ok() ? std::optional(live.value()) : std::nullopt;
}

/// How often this process has met a refusal of this kind.
inline std::uint64_t RefusalsOf(const Registry& registry, ErrorCode code) {
  for (const RefusalStatus& refusal : registry.status().refusals) {
    if (refusal.code == code) return refusal.count;
  }
  return 0;
}

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_REGISTRY_FIXTURE_H_

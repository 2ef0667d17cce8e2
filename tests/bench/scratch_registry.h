#ifndef SHMETRICS_TESTS_BENCH_SCRATCH_REGISTRY_H_
#define SHMETRICS_TESTS_BENCH_SCRATCH_REGISTRY_H_

#include <cstdint>
#include <string>

#include "shmetrics/registry.h"
#include "tests/support/private_folder.h"

namespace shmetrics::bench {

/// A registry on a segment of its own, which is gone with this program. Room for `series` series, all in one
/// family.
struct ScratchRegistry {
  explicit ScratchRegistry(std::uint32_t series)
      : path(NewPath()), registry(Registry::open(Options(path, series))) {}

  std::string path;
  Registry& registry;

 private:
  static std::string NewPath() {
    static const testing::PrivateFolder folder;
    static int count = 0;
    return folder / (std::to_string(count++) + ".v1");
  }
  static RegistryOptions Options(const std::string& path, std::uint32_t series) {
    return {.segment = path, .worker_name = "bench", .series_limit = series, .family_series_limit = series};
  }
};

}  // namespace shmetrics::bench

#endif  // SHMETRICS_TESTS_BENCH_SCRATCH_REGISTRY_H_

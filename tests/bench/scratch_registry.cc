#include "tests/bench/scratch_registry.h"

#include <sys/mount.h>

#include <algorithm>
#include <fstream>

#include "tests/support/child.h"
#include "tests/support/mount_namespace.h"
#include "tests/support/private_folder.h"

namespace shmetrics::bench {
namespace {

const testing::PrivateFolder& Folder() {
  static const testing::PrivateFolder folder;
  return folder;
}

Registry& Open(const std::string& path, std::uint32_t series, std::uint32_t leases) {
  return Registry::open(
      {.segment = path,
       .worker_name = "bench",
       .segment_bytes = std::max<std::uint64_t>(256ULL << 20U, series * 1024ULL + leases * 1024ULL),
       .series_limit = std::max(series, 16U),
       .family_series_limit = series,
       .lease_limit = leases});
}

/// Makes the segment in a child that sees a host with that many CPUs.
void MakeOn(int cpus, const std::string& path, std::uint32_t series, std::uint32_t leases) {
  const std::string list = path + ".cpus";
  std::ofstream(list) << "0-" << cpus - 1 << '\n';
  testing::RunInChild([&] {
    constexpr const char* kOnline = "/sys/devices/system/cpu/online";
    if (testing::EnterMountNamespace() && mount(list.c_str(), kOnline, nullptr, MS_BIND, nullptr) == 0)
      Open(path, series, leases);
  });
}

std::string NewPath() {
  static int count = 0;
  return Folder() / (std::to_string(count++) + ".v1");
}

}  // namespace

ScratchRegistry::ScratchRegistry(std::uint32_t series, int cpus, std::uint32_t leases)
    : path(NewPath()),
      registry(cpus > 0 ? (MakeOn(cpus, path, series, leases), Open(path, series, leases))
                        : Open(path, series, leases)) {}

}  // namespace shmetrics::bench

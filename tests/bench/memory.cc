#include "tests/bench/memory.h"

#include <unistd.h>

#include <fstream>

#include "tests/support/child.h"
#include "tests/support/shared_page.h"

namespace shmetrics::bench {
namespace {

double ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

void MeasureResidentBytes(benchmark::State& state, double series, const std::function<void()>& make) {
  const testing::SharedPage<double> bytes;
  for (auto _ : state) {
    testing::RunInChild([&] {
      const double before = ResidentBytes();
      make();
      *bytes = ResidentBytes() - before;
    });
  }
  state.counters["bytes_per_series"] = *bytes / series;
}

}  // namespace shmetrics::bench

// The same with PCP's memory-mapped values (MMV). An increment is a plain addition behind a call: not atomic,
// and not safe from two threads. A look-up by name compares the instances of a metric one after the other.

#include <benchmark/benchmark.h>
#include <sys/stat.h>
#include <unistd.h>

// clang-format off
#include <pcp/pmapi.h>  // the next header needs it
#include <pcp/mmv_stats.h>
// clang-format on

#include <cstdlib>
#include <string>
#include <vector>

#include "tests/bench/repeat.h"
#include "tests/support/private_folder.h"

namespace shmetrics::bench {
namespace {

constexpr int kInstances = 1'000;
constexpr const char* kMetric = "bench.jobs";

std::string NameOf(int instance) { return "user-" + std::to_string(instance); }

struct Map {
  Map() {
    // Replaces PCP's own folder, where its daemon looks.
    mkdir((folder / "mmv").c_str(), 0700);
    setenv("PCP_TMP_DIR", folder.path().c_str(), 1);
    for (int i = 0; i < kInstances; i++) {
      instances.push_back({.internal = i, .external = {}});
      NameOf(i).copy(instances.back().external, MMV_NAMEMAX - 1);
    }
    mmv_indom_t indom{};
    indom.serial = 1;
    indom.count = kInstances;
    indom.instances = instances.data();
    mmv_metric_t metric{};
    std::string(kMetric).copy(metric.name, MMV_NAMEMAX - 1);
    metric.item = 1;
    metric.type = MMV_TYPE_U64;
    metric.semantics = MMV_SEM_COUNTER;
    metric.dimension = MMV_UNITS(0, 0, 1, 0, 0, PM_COUNT_ONE);
    metric.indom = 1;
    address = mmv_stats_init(name.c_str(), 0, MMV_FLAG_PROCESS, &metric, 1, &indom, 1);
  }
  ~Map() {
    if (address != nullptr) mmv_stats_stop(name.c_str(), address);
  }
  Map(const Map&) = delete;
  Map& operator=(const Map&) = delete;

  static Map& Get() {
    static Map map;
    return map;
  }

  testing::PrivateFolder folder;
  std::vector<mmv_instances_t> instances;
  std::string name = "shmetrics-bench-" + std::to_string(getpid());
  void* address = nullptr;
};

void Increment(benchmark::State& state) {
  Map& map = Map::Get();
  pmAtomValue* value =
      map.address == nullptr ? nullptr : mmv_lookup_value_desc(map.address, kMetric, NameOf(0).c_str());
  if (value == nullptr) return state.SkipWithError("no memory-mapped values");
  Repeat(state, [&] { mmv_inc(map.address, value); });
}

void LookUp(benchmark::State& state, int instance) {
  Map& map = Map::Get();
  if (map.address == nullptr) return state.SkipWithError("no memory-mapped values");
  const std::string name = NameOf(instance);
  for (auto _ : state) mmv_stats_inc(map.address, kMetric, name.c_str());
}

BENCHMARK(Increment)->Name("increment");
BENCHMARK_CAPTURE(LookUp, , 0)->Name("look_up/first");
BENCHMARK_CAPTURE(LookUp, , kInstances - 1)->Name("look_up/last_of_1000");

}  // namespace
}  // namespace shmetrics::bench

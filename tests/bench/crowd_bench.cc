// What a program does among many of its kind, and among few: the cost must be the same. And among keys that
// somebody has chosen so that a hash without a secret puts them into few chains.

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "shmetrics/shmetrics.h"
#include "tests/bench/repeat.h"
#include "tests/bench/scratch_registry.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace shmetrics::bench {
namespace {

constexpr std::uint32_t kMost = 400'000;

/// The objects of a case, by their number; made at the first call and used by all of its runs.
template <class Made>
Made& Of(std::int64_t count) {
  static std::map<std::int64_t, Made> made;
  return made.try_emplace(count, count).first->second;
}

/// Leases of one key.
struct OneKey {
  explicit OneKey(std::int64_t count)
      : scratch(16, 0, kMost),
        family(scratch.registry.lease_gauge({.name = "bench_uploads", .labels = {"tenant"}})) {
    for (std::int64_t i = 0; i < count; i++) {
      Result<Lease> lease = family.try_acquire({"42"}, {.ttl = std::chrono::hours(24)});
      if (lease.ok()) held.push_back(std::move(lease.value()));
    }
  }
  ScratchRegistry scratch;
  LeaseGaugeFamily family;
  std::vector<Lease> held;
};

void LeaseOfOneKey(benchmark::State& state) {
  const OneKey& key = Of<OneKey>(state.range(0));
  const LeaseOptions terms = {.limit = kMost, .ttl = std::chrono::hours(24)};
  bool is_done = key.held.size() == static_cast<std::size_t>(state.range(0));
  Repeat(state, [&] { is_done = key.family.try_acquire({"42"}, terms).ok() && is_done; });
  if (!is_done) state.SkipWithError("a lease was refused");
}

void RefusalOfOneKey(benchmark::State& state) {
  const OneKey& key = Of<OneKey>(state.range(0));
  const LeaseOptions terms = {.limit = static_cast<std::uint32_t>(state.range(0))};
  bool is_refused = true;
  Repeat(state, [&] { is_refused = !key.family.try_acquire({"42"}, terms).ok() && is_refused; });
  if (!is_refused) state.SkipWithError("a lease was granted beyond the limit");
}

/// Gauges of this process.
struct Gauges {
  explicit Gauges(std::int64_t count)
      : scratch(kMost), family(scratch.registry.gauge({.name = "bench_depth", .labels = {"queue"}})) {
    for (std::int64_t i = 0; i < count; i++) SetNew();
  }
  void SetNew() { family.with({std::to_string(next++)}).set(1); }
  ScratchRegistry scratch;
  GaugeFamily family;
  std::uint64_t next = 0;
};

void NewGauge(benchmark::State& state) {
  Gauges& gauges = Of<Gauges>(state.range(0));
  for (auto _ : state) gauges.SetNew();
}

/// Ten gauges in turn, so that only the cost of the operation can grow.
void KnownGauge(benchmark::State& state) {
  Gauges& gauges = Of<Gauges>(state.range(0));
  const std::string queues[] = {"0", "11", "22", "33", "44", "55", "66", "77", "88", "99"};
  std::size_t next = 0;
  Repeat(state, [&] { gauges.family.with({queues[next++ % std::size(queues)]}).set(2); });
}

struct Families {
  explicit Families(std::int64_t count) : scratch(16) {
    for (std::int64_t i = 0; i < count; i++) Known(i);
  }
  void Known(std::int64_t number) {
    scratch.registry.counter({.name = "bench_family_" + std::to_string(number) + "_total"});
  }
  ScratchRegistry scratch;
};

void KnownFamily(benchmark::State& state) {
  Families& families = Of<Families>(state.range(0));
  std::int64_t next = 0;
  Repeat(state, [&] { families.Known(next++ % 10); });
}

constexpr std::size_t kKeys = 20'000;

std::vector<std::string> Keys(std::uint64_t mask) {
  std::vector<std::string> keys;
  for (int i = 0; keys.size() < kKeys; i++) {
    char key[256];  // g++ 12 also checks the branches of xxhash for texts of this size
    const int bytes = std::snprintf(key, sizeof key, "u%08x", i);
    if ((XXH3_64bits(key, static_cast<std::size_t>(bytes)) & mask) == 0) keys.emplace_back(key);
  }
  return keys;
}

/// Looks up label values that have zeros at the bits of `mask` in their hash without a secret.
void LookUpKeys(benchmark::State& state, std::uint64_t mask) {
  const std::vector<std::string> keys = Keys(mask);
  const ScratchRegistry scratch(shm::SegmentOptions{}.series_limit);
  const CounterFamily family = scratch.registry.counter({.name = "bench_total", .labels = {"user_id"}});
  for (const std::string& key : keys) family.with({key}).inc();
  std::size_t next = 0;
  Repeat(state, [&] { family.with({keys[next++ % kKeys]}).inc(); });
}

/// Takes a lease of each of such keys, while all of them have one.
void AcquireKeys(benchmark::State& state, std::uint64_t mask) {
  const std::vector<std::string> keys = Keys(mask);
  const ScratchRegistry scratch(16, 0, kMost);
  const LeaseGaugeFamily family =
      scratch.registry.lease_gauge({.name = "bench_streams", .labels = {"user_id"}});
  std::vector<Lease> held;
  for (const std::string& key : keys) held.push_back(std::move(family.try_acquire({key}).value()));
  std::size_t next = 0;
  Repeat(state,
         [&] { benchmark::DoNotOptimize(family.try_acquire({keys[next++ % kKeys]}, {.limit = 3}).ok()); });
}

BENCHMARK(LeaseOfOneKey)->Name("crowd/lease")->Arg(100)->Arg(100'000);
BENCHMARK(RefusalOfOneKey)->Name("crowd/refusal")->Arg(100)->Arg(100'000);
BENCHMARK(NewGauge)->Name("crowd/new_gauge")->Arg(100)->Arg(100'000)->Iterations(5'000);
BENCHMARK(KnownGauge)->Name("crowd/known_gauge")->Arg(100)->Arg(100'000);
BENCHMARK(KnownFamily)->Name("crowd/known_family")->Arg(20)->Arg(20'000);
BENCHMARK_CAPTURE(LookUpKeys, random, std::uint64_t{0})->Name("crowd/look_up/random");
BENCHMARK_CAPTURE(LookUpKeys, chosen, std::uint64_t{0xFFF})->Name("crowd/look_up/chosen");
BENCHMARK_CAPTURE(AcquireKeys, random, std::uint64_t{0})->Name("crowd/acquire/random");
BENCHMARK_CAPTURE(AcquireKeys, chosen, std::uint64_t{0x3F'0000'003F})->Name("crowd/acquire/chosen");

}  // namespace
}  // namespace shmetrics::bench

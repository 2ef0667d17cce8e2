// What an application does that keeps no handles: it names the label set at every increment.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "shmetrics/shmetrics.h"
#include "tests/bench/scratch_registry.h"

namespace shmetrics::bench {
namespace {

constexpr std::uint32_t kSeries = 10'000;

using LabelSet = std::array<std::string, 2>;

std::vector<LabelSet> LabelSets() {
  std::vector<LabelSet> sets;
  for (std::uint32_t i = 0; i < kSeries; i++) {
    sets.push_back({"user-" + std::to_string(1'000 + i / 10), "job-" + std::to_string(i % 10)});
  }
  std::ranges::shuffle(sets, std::mt19937(1));
  return sets;
}

CounterFamily JobsOf(Registry& registry) {
  return registry.counter({.name = "bench_jobs_total", .labels = {"user_id", "job"}});
}

const CounterFamily& JobsOfKnownUsers(const std::vector<LabelSet>& sets) {
  static const ScratchRegistry scratch(kSeries);
  static const CounterFamily family = [&] {
    const CounterFamily jobs = JobsOf(scratch.registry);
    for (const LabelSet& set : sets) jobs.with({set[0], set[1]}).inc();
    return jobs;
  }();
  return family;
}

/// Looks up the first so many of the label sets in turn, and increments.
void LookUp(benchmark::State& state) {
  static const std::vector<LabelSet> sets = LabelSets();
  const CounterFamily& family = JobsOfKnownUsers(sets);
  const auto used = static_cast<std::size_t>(state.range(0));
  std::size_t next = 0;
  for (auto _ : state) {
    family.with({sets[next][0], sets[next][1]}).inc();
    if (++next == used) next = 0;
  }
}

/// Registers label sets that are new on the host, in an empty segment.
void Registration(benchmark::State& state) {
  static const std::vector<LabelSet> sets = LabelSets();
  const ScratchRegistry scratch(kSeries);
  const CounterFamily family = JobsOf(scratch.registry);
  std::size_t next = 0;
  for (auto _ : state) {
    family.with({sets[next][0], sets[next][1]});
    next++;
  }
  if (!scratch.registry.status().refusals.empty()) state.SkipWithError("a label set was refused");
}

BENCHMARK(LookUp)->Name("look_up")->Arg(1)->Arg(kSeries);
BENCHMARK(Registration)->Name("registration")->Iterations(kSeries);

}  // namespace
}  // namespace shmetrics::bench

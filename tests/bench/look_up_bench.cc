// An application that keeps no handles: it names the label set at every increment.

#include <benchmark/benchmark.h>

#include <cstddef>

#include "shm/segment/segment_options.h"
#include "shmetrics/shmetrics.h"
#include "tests/bench/partners.h"
#include "tests/bench/scratch_registry.h"
#include "tests/bench/workload.h"

namespace shmetrics::bench {
namespace {

CounterFamily JobsOf(Registry& registry) {
  return registry.counter({.name = "bench_jobs_total", .labels = {"user_id", "job"}});
}

/// In a segment of the default size, as users have it.
const CounterFamily& JobsOfKnownUsers() {
  static const ScratchRegistry scratch(shm::SegmentOptions{}.series_limit);
  static const CounterFamily family = [&] {
    const CounterFamily jobs = JobsOf(scratch.registry);
    for (const LabelSet& set : LabelSets()) jobs.with({set[0], set[1]}).inc();
    return jobs;
  }();
  return family;
}

void LookUpHot(benchmark::State& state) {
  const CounterFamily& family = JobsOfKnownUsers();
  const LabelSet& set = LabelSets().front();
  for (auto _ : state) family.with({set[0], set[1]}).inc();
}

void LookUpRandom(benchmark::State& state) {
  const CounterFamily& family = JobsOfKnownUsers();
  const LabelSet* const* keys = RandomKeys().data();
  std::size_t next = 0;
  for (auto _ : state) {
    const LabelSet& set = *keys[next++ % kValues];
    family.with({set[0], set[1]}).inc();
  }
}

void LookUpTogether(benchmark::State& state, PartnerKind kind) {
  const CounterFamily& family = JobsOfKnownUsers();
  const LabelSet& set = LabelSets().front();
  MeasureTogether(state, kind, [&](benchmark::IterationCount count) {
    for (benchmark::IterationCount i = 0; i < count; i++) family.with({set[0], set[1]}).inc();
  });
}

/// Registers label sets that are new on the host, in an empty segment.
void Registration(benchmark::State& state) {
  const ScratchRegistry scratch(kLabelSets);
  const CounterFamily family = JobsOf(scratch.registry);
  std::size_t next = 0;
  for (auto _ : state) {
    const LabelSet& set = LabelSets()[next++];
    family.with({set[0], set[1]});
  }
  if (!scratch.registry.status().refusals.empty()) state.SkipWithError("a label set was refused");
}

BENCHMARK(LookUpHot)->Name("look_up/hot");
BENCHMARK(LookUpRandom)->Name("look_up/random");
BENCHMARK_CAPTURE(LookUpTogether, , PartnerKind::kThread)->Name("look_up/threads:2")->UseManualTime();
BENCHMARK_CAPTURE(LookUpTogether, , PartnerKind::kProcess)->Name("look_up/processes:2")->UseManualTime();
BENCHMARK(Registration)->Name("registration")->Iterations(kLabelSets);

}  // namespace
}  // namespace shmetrics::bench

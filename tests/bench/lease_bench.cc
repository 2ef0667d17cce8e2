// What an application does when it begins, continues and ends something that has a limit.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "shmetrics/audio.h"
#include "shmetrics/shmetrics.h"
#include "tests/bench/repeat.h"
#include "tests/bench/scratch_registry.h"

namespace shmetrics::bench {
namespace {

constexpr LeaseOptions kTerms = {.limit = 3, .ttl = std::chrono::seconds(120)};

/// A segment with a number of live leases, each on its own key. They have no TTL, so that they live as long
/// as the rounds.
class Held {
 public:
  explicit Held(std::int64_t count)
      : scratch_(16),
        family_(scratch_.registry.lease_gauge({.name = "bench_streams", .labels = {"user_id"}})) {
    for (std::int64_t i = 0; i < count; i++) {
      Result<Lease> lease = family_.try_acquire({"user-" + std::to_string(i)});
      if (!lease.ok()) continue;  // then there are too few keys
      keys_.push_back("user-" + std::to_string(i));
      leases_.push_back(std::move(lease.value()));
    }
    std::ranges::shuffle(keys_, std::mt19937(1));
  }

  /// With `count` leases; made at the first call.
  static const Held& Of(std::int64_t count) {
    static std::map<std::int64_t, Held> held;
    return held.try_emplace(count, count).first->second;
  }

  const LeaseGaugeFamily& family() const { return family_; }
  /// The keys in random order.
  const std::vector<std::string>& keys() const { return keys_; }

 private:
  ScratchRegistry scratch_;
  LeaseGaugeFamily family_;
  std::vector<std::string> keys_;
  std::vector<Lease> leases_;
};

/// True if a lease was granted and released.
bool AcquireAndRelease(const LeaseGaugeFamily& family, const std::string& key) {
  Result<Lease> lease = family.try_acquire({key}, kTerms);
  return lease.ok() && lease->release();
}

void AcquireRelease(benchmark::State& state) {
  const LeaseGaugeFamily& family = Held::Of(0).family();
  const std::string key = "user-42";
  bool is_done = true;
  Repeat(state, [&] { is_done = AcquireAndRelease(family, key) && is_done; });
  if (!is_done) state.SkipWithError("a lease was refused");
}

/// With that many live leases in the segment. Takes the first `used` of their keys in turn.
void AcquireReleaseAmong(benchmark::State& state, std::size_t used) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const Held& held = Held::Of(state.range(0));
  bool is_done = held.keys().size() == count;
  std::size_t next = 0;
  Repeat(state, [&] {
    is_done = is_done && AcquireAndRelease(held.family(), held.keys()[next]);
    if (++next == used) next = 0;
  });
  if (!is_done) state.SkipWithError("a lease was refused");
}

/// Always ten keys, however many leases there are, so that only the cost of the operation can grow.
void AcquireReleaseOnTen(benchmark::State& state) { AcquireReleaseAmong(state, 10); }

/// All keys: tens of thousands do not fit into the processor's caches, so memory takes most of the time.
void AcquireReleaseOnAny(benchmark::State& state) {
  AcquireReleaseAmong(state, static_cast<std::size_t>(state.range(0)));
}

void Renew(benchmark::State& state) {
  Result<Lease> lease = Held::Of(0).family().try_acquire({"user-43"}, kTerms);
  bool is_done = lease.ok();
  Repeat(state, [&] { is_done = is_done && lease->renew(); });
  if (!is_done) state.SkipWithError("a lease has ended");
}

const audio::Quota& DefaultQuota() {
  static const ScratchRegistry scratch(16);
  static const audio::Quota quota(scratch.registry, {.config = "/dev/null"});
  return quota;
}

void AudioStream(benchmark::State& state) {
  const audio::Quota& quota = DefaultQuota();
  bool is_done = true;
  Repeat(state, [&] {
    Result<audio::Stream> stream = quota.try_start_stream("user-42", {.tier = audio::Tier::standard});
    is_done = stream.ok() && stream->finish() && is_done;
  });
  if (!is_done) state.SkipWithError("a stream was refused");
}

void ConsumeDailyMinutes(benchmark::State& state) {
  constexpr double kLeast = 1e-9;  // so small that no run reaches the limit
  const audio::Quota& quota = DefaultQuota();
  bool is_done = true;
  Repeat(state, [&] {
    is_done = quota.consume_daily_minutes("user-42", kLeast, audio::Tier::standard).ok() && is_done;
  });
  if (!is_done) state.SkipWithError("minutes were refused");
}

void ReserveSettle(benchmark::State& state) {
  constexpr double kLeast = 1e-9;  // as above
  const audio::Quota& quota = DefaultQuota();
  bool is_done = true;
  Repeat(state, [&] {
    audio::ReserveResult job = quota.reserve_daily_minutes("user-43", 1, audio::Tier::standard);
    is_done = job.ok() && job->settle(kLeast).ok() && is_done;
  });
  if (!is_done) state.SkipWithError("minutes were refused");
}

BENCHMARK(AcquireRelease)->Name("acquire_release");
BENCHMARK(Renew)->Name("renew");
BENCHMARK(AcquireReleaseOnTen)->Name("acquire_release")->Arg(10)->Arg(1'000)->Arg(50'000);
BENCHMARK(AcquireReleaseOnAny)->Name("acquire_release_any")->Arg(10)->Arg(1'000)->Arg(50'000);
BENCHMARK(AudioStream)->Name("audio_stream");
BENCHMARK(ConsumeDailyMinutes)->Name("consume_daily_minutes");
BENCHMARK(ReserveSettle)->Name("reserve_settle");

}  // namespace
}  // namespace shmetrics::bench

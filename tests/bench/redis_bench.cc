// What leases replace: a user's streams as a number in Redis. Measured with the commands of the replaced
// system, and with the fewest commands that would suffice. Neither notices a worker's death.

#include <benchmark/benchmark.h>

#include <string>

#include "tests/bench/redis_peer.h"

namespace shmetrics::bench {
namespace {

constexpr const char* kKey = "audio:active_streams:42";
constexpr const char* kTtl = "120";

/// Like the replaced system: three round trips, and more if the limit refuses.
void AcquireRelease(benchmark::State& state) {
  RedisPeer& redis = RedisPeer::Get();
  redis.Measure(state, [&] {
    return redis.Ask({"INCR", kKey}) == 1 && redis.Ask({"EXPIRE", kKey, kTtl}) == 1 &&
           redis.Ask({"DECR", kKey}) == 0;
  });
}

/// Two round trips: admission is one step.
void ScriptAcquireRelease(benchmark::State& state) {
  RedisPeer& redis = RedisPeer::Get();
  const std::string script = redis.Load(R"(
    local count = tonumber(redis.call('GET', KEYS[1]) or '0') + 1
    if count > tonumber(ARGV[1]) then return 0 end
    redis.call('SET', KEYS[1], count, 'EX', ARGV[2])
    return count
  )");
  redis.Measure(state, [&] {
    return redis.Ask({"EVALSHA", script, "1", kKey, "3", kTtl}) == 1 && redis.Ask({"DECR", kKey}) == 0;
  });
}

/// One round trip.
void Renew(benchmark::State& state) {
  RedisPeer& redis = RedisPeer::Get();
  redis.Ask({"INCRBY", kKey, "0"});
  redis.Measure(state, [&] { return redis.Ask({"EXPIRE", kKey, kTtl}) == 1; });
}

/// Like the replaced system: two round trips.
void CheckRenew(benchmark::State& state) {
  RedisPeer& redis = RedisPeer::Get();
  redis.Ask({"INCRBY", kKey, "0"});
  redis.Measure(state, [&] {
    return redis.Ask({"EXISTS", kKey}) == 1 && redis.Ask({"EXPIRE", kKey, kTtl}) == 1;
  });
}

BENCHMARK(AcquireRelease)->Name("acquire_release")->UseManualTime();
BENCHMARK(ScriptAcquireRelease)->Name("script_acquire_release")->UseManualTime();
BENCHMARK(Renew)->Name("renew")->UseManualTime();
BENCHMARK(CheckRenew)->Name("check_renew")->UseManualTime();

}  // namespace
}  // namespace shmetrics::bench

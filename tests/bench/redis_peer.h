#ifndef SHMETRICS_TESTS_BENCH_REDIS_PEER_H_
#define SHMETRICS_TESTS_BENCH_REDIS_PEER_H_

#include <benchmark/benchmark.h>
#include <hiredis/hiredis.h>
#include <sched.h>
#include <time.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/private_folder.h"
#include "tests/support/program.h"

namespace shmetrics::bench {

/// A redis-server of its own, on a unix socket in a private folder and on no port, which saves nothing and dies with
/// this program; and a connection to it.
///
/// It runs on one CPU, and so does whoever measures it: where the two take turns on one CPU, a command takes several
/// times less than where each has to be woken on its own. That is the better case for Redis.
class RedisPeer {
 public:
  /// Started when first asked for.
  static RedisPeer& Get();

  /// Sends a command and waits for the reply, which must be a number from 0. -1 if it is not: error() says why.
  long long Ask(std::initializer_list<std::string_view> command);
  /// The name of a script in the server; empty if it is refused: error() says why.
  std::string Load(std::string_view script);
  const std::string& error() const { return error_; }

  /// Measures `operation`, which is false if it fails: what the processor spends on it in this thread and in the server.
  /// As only one of the two runs at a time, that is the wall's time on a CPU with nothing else to do; on a busy one it
  /// does not grow as the wall's would, to our advantage. The case must have been registered with UseManualTime().
  void Measure(benchmark::State& state, const std::function<bool()>& operation);

 private:
  struct Free {
    void operator()(redisContext* context) const { redisFree(context); }
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
  };
  using Reply = std::unique_ptr<redisReply, Free>;

  RedisPeer();
  /// Null, or of another type than `type`: error() says why.
  Reply Converse(std::initializer_list<std::string_view> command, int type);

  testing::PrivateFolder folder_;
  cpu_set_t cpu_;  ///< the one that the server runs on
  std::unique_ptr<testing::Program> server_;
  clockid_t server_clock_ = CLOCK_THREAD_CPUTIME_ID;
  std::unique_ptr<redisContext, Free> context_;
  std::string error_;
};

}  // namespace shmetrics::bench

#endif  // SHMETRICS_TESTS_BENCH_REDIS_PEER_H_

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

/// A redis-server of its own, and a connection to it. The server listens on a Unix socket in a private folder
/// and on no port, saves nothing, and dies with this program.
///
/// The server and the thread that measures it run on the same CPU. There a command takes several times less
/// than on two CPUs, where each side must be woken. That is the better case for Redis.
class RedisPeer {
 public:
  /// Started at the first call.
  static RedisPeer& Get();

  /// Sends a command and waits for the reply, which must be a number from 0. Returns -1 if it is not; error()
  /// says why.
  long long Ask(std::initializer_list<std::string_view> command);
  /// The name of a script in the server. Empty if the server refuses it; error() says why.
  std::string Load(std::string_view script);
  const std::string& error() const { return error_; }

  /// Measures `operation`, which returns false if it fails: the processor time it takes in this thread and in
  /// the server. Only one of the two runs at a time, so on an idle CPU this is the wall time. On a busy CPU
  /// it does not grow as wall time would, to our advantage. The case must be registered with UseManualTime().
  void Measure(benchmark::State& state, const std::function<bool()>& operation);

 private:
  struct Free {
    void operator()(redisContext* context) const { redisFree(context); }
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
  };
  using Reply = std::unique_ptr<redisReply, Free>;

  RedisPeer();
  /// Null if it fails or its type is not `type`; error() says why.
  Reply Converse(std::initializer_list<std::string_view> command, int type);

  testing::PrivateFolder folder_;
  cpu_set_t cpu_;  ///< the CPU that the server runs on
  std::unique_ptr<testing::Program> server_;
  clockid_t server_clock_ = CLOCK_THREAD_CPUTIME_ID;
  std::unique_ptr<redisContext, Free> context_;
  std::string error_;
};

}  // namespace shmetrics::bench

#endif  // SHMETRICS_TESTS_BENCH_REDIS_PEER_H_

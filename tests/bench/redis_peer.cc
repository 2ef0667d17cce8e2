#include "tests/bench/redis_peer.h"

#include <cstddef>
#include <vector>

#include "tests/bench/pinned.h"

namespace shmetrics::bench {
namespace {

double SecondsOf(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

RedisPeer& RedisPeer::Get() {
  static RedisPeer peer;
  return peer;
}

RedisPeer::RedisPeer() : cpu_(ThisCpu()) {
  const Pinned for_the_child(cpu_);
  // redis-server and redis-check-rdb are the same program, which acts by the name it is called with. Debian's
  // package redis-tools installs only redis-check-rdb. The package of redis-server would start a service.
  server_ = std::make_unique<testing::Program>(
      std::vector<std::string>{"bash", "-c", R"(exec -a redis-server redis-check-rdb "$@")", "bash",  //
                               "--port", "0", "--unixsocket", folder_ / "socket", "--unixsocketperm", "700",
                               "--dir", folder_.path(), "--save", "", "--appendonly", "no"});
  if (!server_->WaitForText("ready to accept connections")) {
    error_ = "redis-server has not started: " + server_->output() + server_->errors();
    return;
  }
  context_.reset(redisConnectUnix((folder_ / "socket").c_str()));
  clock_getcpuclockid(server_->pid(), &server_clock_);
}

RedisPeer::Reply RedisPeer::Converse(std::initializer_list<std::string_view> command, int type) {
  if (!context_ || context_->err != 0) {
    if (error_.empty()) error_ = "no connection to redis-server";
    return nullptr;
  }
  const char* words[8];
  std::size_t lengths[8];
  int count = 0;
  for (const std::string_view word : command) {
    words[count] = word.data();
    lengths[count++] = word.size();
  }
  Reply reply(static_cast<redisReply*>(redisCommandArgv(context_.get(), count, words, lengths)));
  if (!reply) {
    error_ = std::string("redis-server: ") + context_->errstr;
  } else if (reply->type != type) {
    error_ = "redis-server: " + std::string(reply->str != nullptr ? reply->str : "a reply of another type");
    reply.reset();
  }
  return reply;
}

long long RedisPeer::Ask(std::initializer_list<std::string_view> command) {
  const Reply reply = Converse(command, REDIS_REPLY_INTEGER);
  return reply ? reply->integer : -1;
}

std::string RedisPeer::Load(std::string_view script) {
  const Reply reply = Converse({"SCRIPT", "LOAD", script}, REDIS_REPLY_STRING);
  return reply ? std::string(reply->str, reply->len) : std::string();
}

void RedisPeer::Measure(benchmark::State& state, const std::function<bool()>& operation) {
  constexpr benchmark::IterationCount kBatch = 16;  // the clocks cost system calls
  const Pinned to_the_servers(cpu_);
  const auto spent = [&] { return SecondsOf(CLOCK_THREAD_CPUTIME_ID) + SecondsOf(server_clock_); };
  while (state.KeepRunningBatch(kBatch)) {
    bool is_done = true;
    const double before = spent();
    for (benchmark::IterationCount i = 0; i < kBatch; i++) is_done = operation() && is_done;
    state.SetIterationTime(spent() - before);
    if (!is_done) {
      state.SkipWithError(error_.empty() ? "redis-server has refused" : error_.c_str());
      return;
    }
  }
}

}  // namespace shmetrics::bench

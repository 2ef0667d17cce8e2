// shmetrics-agent: reads a segment, speaks HTTP. The one file that knows all others.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "agent/bus_guard.h"
#include "agent/config.h"
#include "agent/http_server.h"
#include "agent/ledger_file.h"
#include "agent/listener.h"
#include "agent/log.h"
#include "agent/options.h"
#include "agent/routes.h"
#include "agent/save_loop.h"
#include "agent/segment_follower.h"
#include "agent/version.h"
#include "client-lib/audio_config.h"
#include "shm/segment_path.h"

namespace shmetrics::agent {
namespace {

constexpr int kUsageError = 2;
constexpr timespec kSavePeriod{10, 0};

constexpr Route kRoutes[] = {
    {"/", "this page", &Routes::Landing},
    {"/metrics", "everything, for Prometheus", &Routes::Metrics},
    {"/api/v1/metrics", "the metrics as JSON", &Routes::MetricsMap},
    {"/api/v1/metrics/json", "the same with the time", &Routes::MetricsDocument},
    {"/api/v1/metrics/text", "the same as /metrics", &Routes::Metrics},
    {"/api/v1/workers", "worker processes, alive and dead, as JSON", &Routes::Workers},
    {"/api/v1/audio/stream/status", "audio models, features and load, as JSON", &Routes::StreamStatus},
    {"/api/v1/audio/stream/limits",
     "a user's audio limits and their use, as JSON: ?user_id=", &Routes::StreamLimits},
    {"/-/healthy", "200 while the agent runs", &Routes::Healthy},
    {"/-/ready", "200 while there is a segment to read", &Routes::Ready},
};

int Fail(const Error& error) {
  std::fprintf(stderr, "shmetrics-agent: %s\n", error.message.c_str());
  return kUsageError;
}

/// Blocked before the first thread is started, so that every thread has them blocked.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

/// The socket that this process was started with, else one of its own.
Result<Listener> OpenListener(const std::optional<ListenAddress>& configured) {
  const Result<std::vector<Listener>> activation = TakeActivationSockets();
  if (!activation.ok()) return activation.error();
  if (activation->empty()) return Listen(configured.value_or(ListenAddress{"127.0.0.1", 8000}));
  const Listener& listener = activation->front();
  if (configured) {
    Log(LogLevel::kWarn, "the configured address " + ToString(*configured) +
                             " is not used: the socket that systemd opened is on " +
                             ToString(listener.address));
  }
  return listener;
}

int Serve(const std::string& segment_path, uid_t trusted_owner, const std::optional<ListenAddress>& address,
          const audio::AudioConfig& audio) {
  const sigset_t stop_signals = BlockStopSignals();
  std::signal(SIGPIPE, SIG_IGN);  // a client that hangs up is no reason to die
  BusGuard::Install();

  const Result<Listener> listener = OpenListener(address);
  if (!listener.ok()) return Fail(listener.error());
  SegmentFollower follower(segment_path, trusted_owner);
  Routes routes(kRoutes, &follower, &audio);
  const Result<std::unique_ptr<HttpServer>> server = HttpServer::Start(
      listener.value(), {}, {}, [&routes](const HttpRequest& request) { return routes.Handle(request); });
  if (!server.ok()) return Fail(server.error());

  Log(LogLevel::kInfo, "shmetrics-agent " + std::string(kVersion) + " serves " + segment_path + " on " +
                           ToString(listener->address));
  LedgerFile file(audio.state_file);
  SaveUntil(stop_signals, kSavePeriod, [&] {
    if (audio.state_file.empty()) return;
    if (const auto ledger = routes.LedgerToSave()) file.Save(*ledger);
  });
  return EXIT_SUCCESS;
}

int Run(int argc, const char* const* argv) {
  const Result<Options> options = ParseOptions(argc, argv);
  if (!options.ok()) return Fail(options.error());
  if (!options->answer.empty()) {
    std::fputs(options->answer.c_str(), stdout);
    return EXIT_SUCCESS;
  }
  Settings config;
  const std::optional<std::string> file = ConfigFile(options->config_file);
  if (file) {
    const Result<Settings> read = ReadConfig(*file);
    if (!read.ok()) return Fail(read.error());
    config = read.value();
  }
  const audio::AudioConfigReading audio = audio::ReadAudioConfig(file);
  if (!audio.file_errors.empty()) return Fail({ErrorCode::kBadOption, audio.file_errors.front()});
  const Settings& flags = options->settings;
  const auto choose = [](const auto& flag, const auto& configured) { return flag ? flag : configured; };
  StartLog(choose(flags.log_level, config.log_level).value_or(LogLevel::kInfo));
  for (const std::string& error : audio.environment_errors) Log(LogLevel::kWarn, error);
  const std::optional<std::string> segment_path = choose(flags.segment_path, config.segment_path);
  return Serve(segment_path ? *segment_path : shm::DefaultSegmentPath(),
               choose(flags.trusted_owner, config.trusted_owner).value_or(static_cast<uid_t>(-1)),
               choose(flags.listen_address, config.listen_address), audio.config);
}

}  // namespace
}  // namespace shmetrics::agent

int main(int argc, char** argv) {
  try {
    return shmetrics::agent::Run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "shmetrics-agent: %s\n", error.what());
    return EXIT_FAILURE;
  }
}

// shmetrics-agent reads a segment and serves it by HTTP. This is the only file that knows all the others.

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "agent/audio/saving_thread.h"
#include "agent/base/descriptor_limit.h"
#include "agent/base/log.h"
#include "agent/base/standard_error.h"
#include "agent/base/version.h"
#include "agent/config/config.h"
#include "agent/config/options.h"
#include "agent/config/reload.h"
#include "agent/history/history_thread.h"
#include "agent/http/http_server.h"
#include "agent/http/listener.h"
#include "agent/main_loop.h"
#include "agent/routes.h"
#include "agent/service_manager.h"
#include "agent/view/bus_guard.h"
#include "agent/view/current_view.h"
#include "agent/view/other_segments.h"
#include "shm/leases/lease_clock.h"

namespace shmetrics::agent {
namespace {

constexpr int kUsageError = 2;
/// For the segment and those it replaced, files that are read again, the log and what libraries open.
constexpr std::uint64_t kOwnDescriptors = 64;
// How long the end of the agent waits, and for what.
constexpr std::chrono::seconds kDrainPatience{5};
constexpr std::chrono::seconds kSavePatience{2};
constexpr std::chrono::seconds kLogPatience{1};

constexpr Route kRoutes[] = {
    {"/", "this page", &Routes::Page, "*"},
    {"/metrics", "everything, for Prometheus", &Routes::Metrics, "name[] created"},
    {"/api/v1/metrics", "the metrics as JSON", &Routes::MetricsMap, "name[]"},
    {"/api/v1/metrics/json", "the same with the time", &Routes::MetricsDocument, "name[]"},
    {"/api/v1/metrics/text", "the same as /metrics", &Routes::Metrics, "name[] created"},
    {"/api/v1/workers", "worker processes, alive and dead, as JSON", &Routes::Workers},
    {"/api/v1/status", "the segment, its limits and what was refused, as JSON", &Routes::Status},
    {"/api/v1/families", "which metrics there are, as JSON; with ?name[]= and top= their largest series",
     &Routes::Families, "name[] top"},
    {"/api/v1/history", "the last ten minutes of totals and of the most active series, as JSON",
     &Routes::PastValues, "name[] top"},
    {"/api/v1/series", "series found by words of their names and labels, as JSON: ?search=", &Routes::Series,
     "search name[] top"},
    {"/api/v1/audio/stream/status", "audio models, features and load, as JSON", &Routes::StreamStatus},
    {"/api/v1/audio/stream/limits",
     "a user's audio limits and their use, as JSON: ?user_id=", &Routes::StreamLimits, "user_id"},
    {"/-/healthy", "200 while the agent runs", &Routes::Healthy, "*"},
    {"/-/ready", "200 while there is a segment to read", &Routes::Ready, "*"},
};

/// Gives a missing 0, 1 or 2 to the null device. Otherwise the next file or socket would get its number, and
/// what the agent writes to stderr would go there. False if one is missing and stays so.
bool FillStandardStreams() {
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) {
    // open() gives the lowest number that is free.
    if (fcntl(stream, F_GETFD) == -1 && open("/dev/null", O_RDWR) != stream) return false;
  }
  return true;
}

/// Keeps the memory of one scrape for the next, which would have to get the same pages from the kernel again.
/// These are the largest values that malloc() finds by itself, if it frees in the right order. ResponseBudget
/// gives back what many answers at a time have taken.
void KeepMemoryOfScrapes() {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

/// Writes the reason why the agent ends. The lines that were logged before it come out first.
void SayWhy(const std::string& reason) {
  FlushLog(kLogPatience);
  WriteToStandardError("shmetrics-agent: " + reason + '\n', kLogPatience);
}

int Fail(const Error& error) {
  SayWhy(error.message);
  return kUsageError;
}

/// The table with the metrics at the configured path.
std::vector<Route> RoutesWith(const std::string& telemetry_path) {
  std::vector<Route> table(std::begin(kRoutes), std::end(kRoutes));
  std::ranges::find(table, "/metrics", &Route::path)->path = telemetry_path;
  return table;
}

/// The sockets that systemd opened for this process; if there are none, sockets on the configured addresses.
Result<std::vector<Listener>> OpenListeners(std::vector<ListenAddress> configured) {
  Result<std::vector<Listener>> activation = AdoptActivationSockets();
  if (!activation.ok()) return activation.error();
  if (!activation->empty()) {
    for (const ListenAddress& address : configured) {
      Log(LogLevel::kWarn, "the configured address " + ToString(address) + " is not used: systemd opened " +
                               ToString(activation->front().address));
    }
    return activation;
  }
  if (configured.empty()) configured = {ParseListenAddress(kDefaultListenAddress).value()};
  std::vector<Listener> listeners;
  for (const ListenAddress& address : configured) {
    const Result<std::vector<Listener>> found = ListenOnAll(address);
    if (!found.ok()) {
      std::ranges::for_each(listeners, Close);
      return found.error();
    }
    listeners.insert(listeners.end(), found->begin(), found->end());
  }
  return listeners;
}

/// Refuses more connections than there can be. Else a flood on one address would take the descriptors of all
/// others, and with them the place of the scraper on the Unix socket.
Result<void> CheckDescriptors(std::size_t listeners, const HttpLimits& limits) {
  const std::uint64_t needed = kOwnDescriptors + listeners * HttpServer::Descriptors(limits);
  const std::uint64_t allowed = RaiseDescriptorLimit();
  if (needed <= allowed) return {};
  return Error{ErrorCode::kBadOption,
               "[web] max_connections: " + std::to_string(limits.max_connections) + " on each of " +
                   std::to_string(listeners) + " addresses and what the agent itself opens take " +
                   std::to_string(needed) + " file descriptors, and the system allows " +
                   std::to_string(allowed) + " (ulimit -Hn, LimitNOFILE=)"};
}

/// One server for each listener.
using Servers = std::vector<std::unique_ptr<HttpServer>>;

Result<Servers> StartServers(std::span<const Listener> listeners, const Config& config, Routes* routes) {
  Servers servers;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    Result<std::unique_ptr<HttpServer>> server = HttpServer::Start(
        listeners[i], config.http_limits, config.http_policy,
        [routes](const HttpRequest& request) { return routes->Handle(request); },
        [routes](int status) { routes->stats().answers.Add(status); },
        [routes](const HttpRequest& request) { return routes->HandlePromptly(request); },
        &routes->stats().response_budget, &routes->stats().passwords);
    if (!server.ok()) {
      std::ranges::for_each(listeners.subspan(i + 1), Close);
      return server.error();
    }
    servers.push_back(std::move(server.value()));
    Log(LogLevel::kInfo, "shmetrics-agent " + std::string(kVersion) + " serves " + config.segment_path +
                             " on " + ToString(listeners[i].address));
  }
  return servers;
}

/// Applies the parts of `config` that can change while the agent runs. The servers come first, because they
/// can refuse it. The routes come last, because they keep a pointer into `config`, which the caller frees
/// after a refusal.
Result<void> ApplyConfig(const Config& config, const Servers& servers, SavingThread* saving, Routes* routes) {
  for (const std::unique_ptr<HttpServer>& server : servers) {
    Result<void> reloaded = server->Reload(config.http_policy);
    if (!reloaded.ok()) return reloaded;
  }
  StartLog(config.log_level, config.log_format);
  routes->stats().response_budget.SetLimit(config.max_response_bytes_in_flight);
  saving->SetAudio(config.audio);
  routes->SetAudio(&config.audio);
  return {};
}

/// The work of the main thread, while other threads answer requests and save the ledger.
void RunTasks(const sigset_t& signals, const CurrentView& view, const std::function<void()>& reload) {
  std::vector<Task> tasks;
  if (const auto timeout = WatchdogTimeout()) {
    // If an answer hangs, the agent becomes silent. It does not for a disk or a reader of stderr that hangs:
    // it serves all the same.
    tasks.push_back({"the service manager could not be told: ", *timeout / 3, [&view, limit = *timeout] {
                       if (view.TurnTime() < limit) NotifyAlive();
                     }});
  }
  NotifyReady();
  RunUntilStopped(signals, tasks, [&] {
    NotifyReloading();
    reload();
    NotifyReady();
  });
  NotifyStopping();
}

/// Says at once what the agent reads, or why it reads nothing, and which other segments it sees: most often
/// another user's, where the workers are.
void LogFirstLook(CurrentView* view) {
  CurrentView::Turn(view).Look();
  const std::string others = DescribeOtherSegments(view->segment_path());
  if (!others.empty()) Log(LogLevel::kInfo, "other segments here, which this agent does not read: " + others);
}

/// Ends what the agent does: first what keeps clients from asking the next agent, last what may take long.
/// Returns the exit code. Does not return if the ledger cannot be saved in time: the thread that saves still
/// uses what the caller would destroy.
int Stop(Servers servers, SavingThread* saving) {
  for (const auto& server : servers) server->StopAccepting();
  const auto end = std::chrono::steady_clock::now() + kDrainPatience;
  for (const auto& server : servers) {
    if (server->Drain(end)) continue;
    Log(LogLevel::kWarn, "clients of " + ToString(server->address()) + " did not take their answers within " +
                             std::to_string(kDrainPatience.count()) + " s; they are cut off");
  }
  servers.clear();
  const SavingThread::Outcome outcome = saving->Finish(kSavePatience);
  if (outcome == SavingThread::Outcome::kTooLate) {
    Log(LogLevel::kError, "the ledger is not saved: that would take longer than " +
                              std::to_string(kSavePatience.count()) + " s");
    FlushLog(kLogPatience);
    std::_Exit(EXIT_FAILURE);
  }
  return outcome == SavingThread::Outcome::kSaved ? EXIT_SUCCESS : EXIT_FAILURE;
}

int Serve(Options options, const Config& config) {
  const sigset_t signals = BlockSignals();
  std::signal(SIGPIPE, SIG_IGN);  // else a client that hangs up would kill the agent
  BusGuard::Install();

  const Result<std::vector<Listener>> listeners = OpenListeners(config.listen_addresses);
  if (!listeners.ok()) return Fail(listeners.error());
  if (const Result<void> fits = CheckDescriptors(listeners->size(), config.http_limits); !fits.ok()) {
    std::ranges::for_each(listeners.value(), Close);
    return Fail(fits.error());
  }
  CurrentView view(config.segment_path, config.trusted_owner);
  const std::vector<Route> table = RoutesWith(config.telemetry_path);
  Routes routes(table, &view, &config.audio,
                {.exporter_metrics = !config.disable_exporter_metrics,
                 .openmetrics_created = config.openmetrics_created});
  routes.stats().response_budget.SetLimit(config.max_response_bytes_in_flight);
  Result<Servers> servers = StartServers(listeners.value(), config, &routes);
  if (!servers.ok()) return Fail(servers.error());
  LogFirstLook(&view);
  const HistoryThread history_thread(&view, &routes.history());
  SavingThread saving(&view, config.audio, &routes.stats().saves);
  Reload reload(std::move(options), config, &routes.stats().reload);
  RunTasks(signals, view, [&] {
    reload.Run([&](const Config& next) { return ApplyConfig(next, servers.value(), &saving, &routes); });
  });
  return Stop(std::move(servers.value()), &saving);
}

int Run(int argc, const char* const* argv) {
  Result<Options> options = ParseOptions(argc, argv);
  if (!options.ok()) return Fail(options.error());
  if (!options->answer.empty()) {
    std::fputs(options->answer.c_str(), stdout);
    return EXIT_SUCCESS;
  }
  const Result<Config> config = ReadConfig(options->config_file, options->flags);
  if (!config.ok()) return Fail(config.error());
  KeepMemoryOfScrapes();
  StartLogThread();
  StartLog(config->log_level, config->log_format);
  for (const std::string& warning : config->warnings) Log(LogLevel::kWarn, warning);
  if (options->check_config) {
    std::puts("ok");
    return EXIT_SUCCESS;
  }
  // Without it, leases would be shown that have ended, or not shown though they live.
  if (Result<void> known = shm::FindOutLeaseClock(); !known.ok()) return Fail(known.error());
  return Serve(std::move(options.value()), config.value());
}

}  // namespace
}  // namespace shmetrics::agent

int main(int argc, char** argv) {
  // Nowhere to say why: the stream that is missing may be stderr.
  if (!shmetrics::agent::FillStandardStreams()) return EXIT_FAILURE;
  using namespace shmetrics::agent;  // NOLINT(google-build-using-namespace)
  try {
    const int code = Run(argc, argv);
    FlushLog(kLogPatience);
    return code;
  } catch (const std::exception& error) {
    SayWhy(error.what());
    return EXIT_FAILURE;
  }
}

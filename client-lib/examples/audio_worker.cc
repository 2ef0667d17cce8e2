// One worker process of an imaginary audio streaming server: users stream audio and run jobs, within the quotas of
// their tiers, which hold over all workers. The metrics are real; the audio is not, events come at random.
//
// To copy from: Metrics and User. A real worker says shmetrics:: where this says reported::, which enters every change
// into a report, so that scripts/demo can prove that none was lost.

#include <getopt.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client-lib/examples/reported_quota.h"
#include "client-lib/examples/reported_registry.h"
#include "client-lib/examples/work_report.h"
#include "shmetrics/shmetrics.h"

namespace {

namespace audio = shmetrics::audio;

// Multiples of powers of two, whose sums are exact in any order: scripts/demo-check asks for equality.
constexpr double kChunkMinutes = 1.0 / 16;
constexpr double kLatencyStep = 1.0 / 4096;

/// What is counted besides the quota's own metrics, and handles to the series that all users share. A handle is taken
/// once and kept. That also makes the series appear at 0, so that Prometheus sees its first increment.
struct Metrics {
  reported::FractionalCounterFamily minutes;
  reported::Counter streams_started;
  reported::Counter jobs_started;
  reported::Histogram chunk_latency;
};

Metrics RegisterMetrics(reported::Registry registry) {
  const auto streams = registry.counter({.name = "audio_streams_started_total", .help = "Streams begun."});
  const auto jobs = registry.counter({.name = "audio_jobs_started_total", .help = "Jobs begun."});
  const auto latency =
      registry.histogram({.name = "audio_chunk_latency_seconds", .help = "Time to process a chunk of audio."},
                         shmetrics::buckets::exponential(0.001, 2.0, 12));
  return {
      .minutes = registry.fractional_counter(
          {.name = "audio_minutes_total", .help = "Minutes of audio processed.", .labels = {"user_id"}}),
      .streams_started = streams.with({}),
      .jobs_started = jobs.with({}),
      .chunk_latency = latency.with({}),
  };
}

/// What one user does in this worker. Other workers serve the same users; the quota knows of all.
class User {
 public:
  User(const Metrics& metrics, reported::Quota* quota, const std::string& id)
      : metrics_(metrics), quota_(quota), id_(id), minutes_(metrics.minutes.with({id})) {}

  void StartStream() {
    std::optional<reported::Stream> stream = quota_->try_start_stream(id_);
    if (!stream) return;
    metrics_.streams_started.inc();
    streams_.push_back(std::move(*stream));
  }

  void EndStream() {
    if (streams_.empty()) return;
    streams_.back().finish();
    streams_.pop_back();
  }

  void ProcessChunk(double latency_seconds) {
    if (streams_.empty()) return;
    // A chunk of audio is a sign of life. No, if this worker stood still for longer than the TTL: then stop.
    if (!streams_.back().heartbeat()) return EndStream();
    if (!quota_->consume_daily_minutes(id_, kChunkMinutes)) return EndStream();
    minutes_.inc(kChunkMinutes);
    metrics_.chunk_latency.observe(latency_seconds);
  }

  void StartJob() {
    std::optional<reported::Job> job = quota_->try_start_job(id_);
    if (!job) return;
    metrics_.jobs_started.inc();
    jobs_.push_back(std::move(*job));
  }

  void EndJob() {
    if (jobs_.empty()) return;
    jobs_.back().finish();
    jobs_.pop_back();
  }

  void Leave() {
    while (!streams_.empty()) EndStream();
    while (!jobs_.empty()) EndJob();
  }

 private:
  const Metrics& metrics_;
  reported::Quota* quota_;
  std::string id_;
  reported::FractionalCounter minutes_;
  std::vector<reported::Stream> streams_;
  std::vector<reported::Job> jobs_;
};

/// A third of the users has each tier.
audio::Tier TierOf(std::uint64_t user) {
  return user % 3 == 0 ? audio::Tier::free : user % 3 == 1 ? audio::Tier::standard : audio::Tier::premium;
}

class Worker {
 public:
  Worker(const Metrics& metrics, reported::Quota* quota, std::uint64_t user_count, std::uint64_t seed)
      : random_(seed) {
    users_.reserve(user_count);
    for (std::uint64_t id = 1; id <= user_count; ++id) {
      users_.emplace_back(metrics, quota, std::to_string(id));
    }
  }

  void HandleEvent() {
    User& user = users_[random_() % users_.size()];
    const std::uint64_t dice = random_() % 100;
    if (dice < 10) return user.StartStream();
    if (dice < 22) return user.EndStream();
    if (dice < 30) return user.StartJob();
    if (dice < 40) return user.EndJob();
    user.ProcessChunk(latency_(random_) * kLatencyStep);
  }

  void Stop() {
    for (User& user : users_) user.Leave();
  }

 private:
  std::mt19937_64 random_;
  std::geometric_distribution<int> latency_{0.02};
  std::vector<User> users_;
};

struct Settings {
  std::uint64_t rate = 2'000;
  std::uint64_t users = 20;
  std::uint64_t seed = 1;
  std::string report;
};

constexpr char kUsage[] =
    "Usage: audio_worker [--rate EVENTS_PER_SECOND] [--users N] [--seed N] [--report FILE]\n"
    "Counts in the segment of $SHMETRICS_SEGMENT until SIGTERM or SIGINT.\n";

std::uint64_t ParseNumber(const std::string& flag, const char* text, std::uint64_t max) {
  char* end = nullptr;
  errno = 0;
  const unsigned long long number = std::strtoull(text, &end, 10);
  if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || number > max) {
    std::fprintf(stderr, "audio_worker: %s: '%s' is not a whole number up to %llu\n", flag.c_str(), text,
                 static_cast<unsigned long long>(max));
    std::exit(2);
  }
  return number;
}

Settings ParseFlags(int argc, char** argv) {
  constexpr option kFlags[] = {
      {"rate", required_argument, nullptr, 'r'}, {"users", required_argument, nullptr, 'u'},
      {"seed", required_argument, nullptr, 's'}, {"report", required_argument, nullptr, 'f'},
      {"help", no_argument, nullptr, 'h'},       {}};
  Settings settings;
  for (int flag; (flag = getopt_long(argc, argv, "", kFlags, nullptr)) != -1;) {
    switch (flag) {
      case 'r':
        settings.rate = ParseNumber("--rate", optarg, 1'000'000'000);
        break;
      case 'u':
        settings.users = ParseNumber("--users", optarg, 1'000'000);
        break;
      case 's':
        settings.seed = ParseNumber("--seed", optarg, UINT64_MAX);
        break;
      case 'f':
        settings.report = optarg;
        break;
      case 'h':
        std::fputs(kUsage, stdout);
        std::exit(0);
      default:
        std::fputs(kUsage, stderr);
        std::exit(2);
    }
  }
  return settings;
}

volatile std::sig_atomic_t stop_requested = 0;

void Run(const Settings& settings) {
  using std::chrono::steady_clock;
  WorkReport report(settings.report, 16 + 3 * settings.users);
  shmetrics::Registry& registry = shmetrics::Registry::global();
  const Metrics metrics = RegisterMetrics(reported::Registry(registry, &report));
  const audio::Quota quota(registry);
  for (const std::string& warning : quota.status().warnings)
    std::fprintf(stderr, "audio_worker: %s\n", warning.c_str());
  reported::Quota reported_quota(quota, &report);
  reported_quota.announce_model("parakeet-onnx");
  for (std::uint64_t id = 1; id <= settings.users; ++id) {
    const shmetrics::Result<void> set = quota.set_tier(std::to_string(id), TierOf(id));
    if (!set.ok()) std::fprintf(stderr, "audio_worker: %s\n", set.error().message.c_str());
  }
  Worker worker(metrics, &reported_quota, settings.users, settings.seed);
  // No reason for a server to stop: everything works, only nobody sees the numbers.
  if (const shmetrics::RegistryStatus status = registry.status(); !status.attached) {
    std::fprintf(stderr, "audio_worker: nobody will see what is counted here: %s\n", status.error.c_str());
  }

  const auto start = steady_clock::now();
  std::uint64_t done = 0;
  while (stop_requested == 0) {
    const double elapsed = std::chrono::duration<double>(steady_clock::now() - start).count();
    const auto due = static_cast<std::uint64_t>(elapsed * static_cast<double>(settings.rate));
    for (; done < due && stop_requested == 0; ++done) worker.HandleEvent();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  worker.Stop();
  report.MarkEnded();
}

}  // namespace

int main(int argc, char** argv) {
  const Settings settings = ParseFlags(argc, argv);
  if (settings.users == 0 || optind != argc) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  for (const int signal : {SIGTERM, SIGINT}) std::signal(signal, [](int) { stop_requested = 1; });
  try {
    Run(settings);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "audio_worker: %s\n", error.what());
    return 1;
  }
  return 0;
}

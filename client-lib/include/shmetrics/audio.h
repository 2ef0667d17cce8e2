#ifndef SHMETRICS_AUDIO_H_
#define SHMETRICS_AUDIO_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shmetrics/audio_tier.h"
#include "shmetrics/export.h"
#include "shmetrics/lease.h"
#include "shmetrics/registry.h"
#include "shmetrics/result.h"

namespace shmetrics::audio {

/// What ends a stream or job that nobody finishes.
enum class Lifetime : std::uint8_t {
  ttl,     ///< the configured TTL runs out without a heartbeat, or the worker dies
  worker,  ///< the worker dies, and nothing else
};

/// How a stream or job is asked for.
struct StartOptions {
  std::optional<Tier> tier = {};  ///< the user's; none: the one set by set_tier(), else free
  /// None: Lifetime::ttl for a stream, because its client may be gone while the worker lives on (a half-open connection
  /// closes nothing); Lifetime::worker for a job, because it runs inside the worker, often for longer than any TTL
  /// and with nobody to send heartbeats, and the kernel tells when the worker is gone.
  std::optional<Lifetime> lifetime = {};
};

/// A stream or a job that has been let in: a lease that counts for its user until it is finished, or until this object
/// is gone. As Lease for moves, threads and forks.
class SHMETRICS_EXPORT Activity {
 public:
  Activity() noexcept = default;

  /// Says that it is still going on. False if it has ended meanwhile: its place may be another's, so stop.
  bool heartbeat() noexcept { return lease_.renew(); }
  /// Ends it. False if it had ended before.
  bool finish() noexcept { return lease_.release(); }
  /// Whether it counts now.
  bool active() const noexcept { return lease_.live(); }

 private:
  friend class Quota;
  explicit Activity(Lease lease) noexcept : lease_(std::move(lease)) {}
  Lease lease_;
};
using Stream = Activity;
using Job = Activity;

/// A user's audio minutes of one UTC day.
struct DailyMinutes {
  double used;
  std::optional<double> limit;      ///< none: unlimited
  std::optional<double> remaining;  ///< none: unlimited
};

struct QuotaOptions {
  /// The ini file to read. Empty: $SHMETRICS_CONFIG, else /etc/shmetrics/shmetrics.ini where it exists.
  std::string config = {};
};

/// How a quota stands.
struct QuotaStatus {
  std::string config;  ///< path of the ini file that was read; empty if there was none
  /// What was wrong in the file or the environment, each naming its place; the defaults hold instead.
  std::vector<std::string> warnings;
};

/// Who may use how much audio at once and in a day, decided over all workers of the host, and the metrics of it:
///   audio_streaming_active{user_id}         streams that are going on
///   audio_jobs_active{user_id}              jobs that are running
///   audio_quota_violations_total{type}      denials: daily_minutes, concurrent_streams, concurrent_jobs
///   audio_model_workers{model}              living workers that offer a model
///
/// A denial, and nothing else, counts one violation. kBusy, kLedgerFull and the other errors of LeaseGaugeFamily are no
/// denials: nothing was decided, and the application chooses. Reads the environment and the ini file once, when made:
/// AUDIO_TIER_LIMITS_JSON, AUDIO_STREAM_TTL_SECONDS and AUDIO_JOB_TTL_SECONDS win over [Audio-Quota] of the file, which
/// wins over the defaults.
///
/// Thread-safe. May be made before fork(): children use it as their own. Cheap to copy. Lives as long as its process.
class SHMETRICS_EXPORT Quota {
 public:
  explicit Quota(Registry& registry = Registry::global(), const QuotaOptions& options = {}) noexcept;

  /// Lets a stream of the user in, or says why not: kConcurrentStreams is the denial. `user_id` is 1 to 256 bytes of
  /// UTF-8 without NUL, and 320 as a label, where each quote, backslash and newline takes two; else kInvalidLabels.
  Result<Stream> try_start_stream(std::string_view user_id, const StartOptions& options = {}) const noexcept;
  /// The same of a job; kConcurrentJobs is the denial.
  Result<Job> try_start_job(std::string_view user_id, const StartOptions& options = {}) const noexcept;

  /// How many of the user's streams, or jobs, are going on now on this host.
  Result<std::uint64_t> active_streams(std::string_view user_id) const noexcept;
  Result<std::uint64_t> active_jobs(std::string_view user_id) const noexcept;

  /// Takes `minutes` from what the user has left today, all of them or, with kDailyMinutes, none. More than 0 and at
  /// most 1,000,000; kept in billionths, rounded to the nearest, and no amount to nothing. If the ledger has no room for another user the minutes are allowed
  /// and not counted, and the agent shows how often that was (ledger_full). Without a segment they are allowed, up to
  /// the whole limit at once, and not counted either.
  Result<DailyMinutes> consume_daily_minutes(std::string_view user_id, double minutes,
                                             std::optional<Tier> tier = {}) const noexcept;
  /// Whether the user could take `minutes` now; 0: any at all. Takes none. Counts a violation if not.
  Result<DailyMinutes> check_daily_minutes(std::string_view user_id, double minutes = 0,
                                           std::optional<Tier> tier = {}) const noexcept;

  /// Remembers the user's tier on this host, with the day's minutes. The ledger forgets a user who has no stream or job
  /// and has used no minutes today, when it needs the place: who has many users gives the tier with each call.
  /// kLedgerFull if there is no room.
  Result<void> set_tier(std::string_view user_id, Tier tier) const noexcept;
  /// The tier that holds for the user when a call gives none.
  Result<Tier> tier(std::string_view user_id) const noexcept;
  /// What a tier allows, as configured.
  Limits limits(Tier tier) const noexcept;

  /// Says that this worker offers a model, until it dies. Again: no effect. A forked child offers nothing until it says
  /// so itself.
  Result<void> announce_model(std::string_view model) const noexcept;

  QuotaStatus status() const;

 private:
  class Impl;
  Impl* impl_;  ///< never freed
};

}  // namespace shmetrics::audio

#endif  // SHMETRICS_AUDIO_H_

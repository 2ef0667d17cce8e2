#ifndef SHMETRICS_AUDIO_H_
#define SHMETRICS_AUDIO_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shmetrics/audio_minutes.h"
#include "shmetrics/audio_reservation.h"
#include "shmetrics/audio_tier.h"
#include "shmetrics/cxx_export.h"
#include "shmetrics/lease.h"
#include "shmetrics/registry.h"
#include "shmetrics/result.h"

namespace shmetrics::audio {

/// What ends a stream or job that is never finished.
enum class Lifetime : std::uint8_t {
  ttl,     ///< the configured TTL passes without a heartbeat, or the worker dies
  worker,  ///< only the worker's death
};

/// Options for starting a stream or a job.
struct StartOptions {
  std::optional<Tier> tier = {};  ///< none: the user's tier by set_tier(), else free
  /// None: Lifetime::ttl for a stream, Lifetime::worker for a job.
  /// A stream's client may be gone while the worker lives on: a half-open connection closes nothing.
  /// A job runs inside the worker, often for longer than any TTL, and nobody sends heartbeats for it. The
  /// kernel tells when the worker is gone.
  std::optional<Lifetime> lifetime = {};
  std::optional<Duration> max_wait = {};  ///< as LeaseOptions::max_wait
};

class SHMETRICS_CXX_EXPORT Quota;

/// A stream or a job that was admitted. It counts for its user until it is finished or this object is
/// destroyed.
/// Moves, threads and forks: as for Lease.
class SHMETRICS_CXX_EXPORT Activity {
 public:
  Activity() noexcept = default;

  /// Says that the stream or job is still going on. False if it has ended: another may have its place, so
  /// stop.
  bool heartbeat() noexcept { return lease_.renew(); }
  /// Ends the stream or job. False if it had already ended.
  bool finish() noexcept { return lease_.release(); }
  /// True while the stream or job counts.
  bool active() const noexcept { return lease_.live(); }

 private:
  friend class Quota;
  explicit Activity(Lease lease) noexcept : lease_(std::move(lease)) {}
  Lease lease_;
};
using Stream = Activity;
using Job = Activity;

struct QuotaOptions {
  /// The ini file to read. Empty: $SHMETRICS_CONFIG, else /etc/shmetrics/shmetrics.ini where it exists.
  std::string config = {};
  /// What is metered: the names of the metrics begin with it. Tiers and minutes of one domain are not those of
  /// another. A metric name can begin with it: else every call fails with kInvalidName.
  std::string domain = "audio";
  /// The limits of the tiers free, standard and premium. None: as the file and the environment say, which is
  /// meant for audio.
  std::optional<std::array<Limits, 3>> limits = {};
};

/// The state of a quota.
struct QuotaStatus {
  std::string config;  ///< path of the ini file that was read; empty if none was
  /// Mistakes in the file or the environment, each with its place. The defaults hold instead.
  std::vector<std::string> warnings;
  /// True if there was no memory for the quota or for these texts. Then they are empty.
  bool is_out_of_memory = false;
};

/// Decides how much audio each user may use, at once and per day, over all workers of the host. Its metrics:
///   audio_streaming_active{user_id}         streams that are going on
///   audio_jobs_active{user_id}              jobs that are running
///   audio_reservations_active{user_id}      reservations of minutes that are neither settled nor cancelled
///   audio_quota_violations_total{type}      denials: daily_minutes, concurrent_streams, concurrent_jobs
///   audio_model_workers{model}              living workers that offer a model
/// Only a denial counts as a violation. kBusy, kLedgerFull and the other errors of LeaseGaugeFamily are not
/// denials: nothing was decided, and the application chooses what to do.
///
/// Each call decides for one user, and waits for others that decide there as LeaseOptions::max_wait says:
/// `max_wait` of the call, 0 for not at all.
///
/// The constructor reads the environment and the ini file, once. AUDIO_TIER_LIMITS_JSON,
/// AUDIO_STREAM_TTL_SECONDS and AUDIO_JOB_TTL_SECONDS win over [Audio-Quota] of the file, which wins over the
/// defaults.
/// Thread-safe. May be made before fork(): children use it as their own. Cheap to copy. Lives as long as its
/// process.
class SHMETRICS_CXX_EXPORT Quota {
 public:
  /// Without memory for it, every call answers kOutOfMemory, and so does status(): make another one.
  explicit Quota(Registry& registry = Registry::global(), const QuotaOptions& options = {}) noexcept;

  /// Admits a stream of the user, or returns why not. kConcurrentStreams is the denial.
  /// `user_id` is 1 to 256 bytes of UTF-8 without NUL. As a label, where each quote, backslash and newline
  /// takes two bytes, it has at most 320. Else kInvalidLabels.
  Result<Stream> try_start_stream(std::string_view user_id, const StartOptions& options = {}) const noexcept;
  /// The same for a job. kConcurrentJobs is the denial.
  Result<Job> try_start_job(std::string_view user_id, const StartOptions& options = {}) const noexcept;

  /// How many streams or jobs of the user are going on now on this host.
  Result<std::uint64_t> active_streams(std::string_view user_id,
                                       std::optional<Duration> max_wait = {}) const noexcept;
  Result<std::uint64_t> active_jobs(std::string_view user_id,
                                    std::optional<Duration> max_wait = {}) const noexcept;

  /// Takes `minutes` from what the user has left today: all of them, or none with kDailyMinutes. `minutes` is
  /// more than 0 and at most 1,000,000. It is kept in billionths, rounded to the nearest; no amount is
  /// rounded to 0. If the ledger has no room for another user, the minutes are allowed and not counted, and
  /// the agent shows how often that happened (ledger_full). Without a segment nothing is decided: kAbsent.
  /// With RegistryOptions::private_decisions, and as long as there has never been a segment, each process
  /// counts for itself.
  MinutesResult consume_daily_minutes(std::string_view user_id, double minutes, std::optional<Tier> tier = {},
                                      std::optional<Duration> max_wait = {}) const noexcept;
  /// Tells if the user could take `minutes` now, or with 0 if any are left. Takes none. A denial of more than
  /// 0 minutes counts as a violation.
  MinutesResult check_daily_minutes(std::string_view user_id, double minutes = 0,
                                    std::optional<Tier> tier = {},
                                    std::optional<Duration> max_wait = {}) const noexcept;
  /// The user's minutes of today. Changes nothing and denies nothing, also at the limit: for a page that
  /// polls.
  MinutesResult daily_minutes(std::string_view user_id, std::optional<Tier> tier = {},
                              std::optional<Duration> max_wait = {}) const noexcept;
  /// Adds minutes that have been used already, for work whose length is known only afterwards. They may pass
  /// the limit, and that is no violation. `minutes` is as for consume_daily_minutes(). Unlike there, a ledger
  /// without room is an error: kLedgerFull or kOutOfMemory, and the minutes are not recorded.
  MinutesResult record_daily_minutes(std::string_view user_id, double minutes, std::optional<Tier> tier = {},
                                     std::optional<Duration> max_wait = {}) const noexcept;
  /// Gives back minutes that were consumed or recorded today, for work that failed. kNotUsed if the user has
  /// used less than that today: then nothing changes, because a part of it would hide a refund too many.
  /// The day is that of this call: minutes from before midnight cannot be given back after it.
  MinutesResult refund_daily_minutes(std::string_view user_id, double minutes, std::optional<Tier> tier = {},
                                     std::optional<Duration> max_wait = {}) const noexcept;

  /// Holds back `estimate` minutes for work in progress, if the user has as many left: all of them, or none with
  /// kDailyMinutes, which is a violation. `estimate` is as for consume_daily_minutes(). Reservation says how it
  /// ends. A user may have any number, which together stay within the limit. Errors as for
  /// LeaseGaugeFamily::try_acquire.
  ReserveResult reserve_daily_minutes(std::string_view user_id, double estimate,
                                      std::optional<Tier> tier = {},
                                      std::optional<Duration> max_wait = {}) const noexcept;

  /// Remembers the user's tier on this host, together with the day's minutes. kLedgerFull if there is no
  /// room.
  /// When the ledger needs the place, it forgets users without a tier who have no stream or job, and have used
  /// no minutes on the three latest days on which anybody has. It never forgets a tier. An application with
  /// many users should give the tier with each call.
  Result<void> set_tier(std::string_view user_id, Tier tier,
                        std::optional<Duration> max_wait = {}) const noexcept;
  /// The user's tier when a call gives none.
  Result<Tier> tier(std::string_view user_id, std::optional<Duration> max_wait = {}) const noexcept;
  /// The configured limits of a tier.
  Limits limits(Tier tier) const noexcept;

  /// Says that this worker offers a model, until it dies. Repeating it has no effect. A forked child offers
  /// nothing until it calls this itself.
  Result<void> announce_model(std::string_view model, std::optional<Duration> max_wait = {}) const noexcept;

  QuotaStatus status() const noexcept;

 private:
  friend class Reservation;
  class Impl;
  Impl* impl_;  ///< never freed
};

}  // namespace shmetrics::audio

#endif  // SHMETRICS_AUDIO_H_

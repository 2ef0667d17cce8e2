#ifndef SHMETRICS_CLIENT_LIB_AUDIO_QUOTA_IMPL_H_
#define SHMETRICS_CLIENT_LIB_AUDIO_QUOTA_IMPL_H_

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client-lib/audio/config.h"
#include "client-lib/audio/definitions.h"
#include "client-lib/audio/model_announcements.h"
#include "client-lib/binding/connection.h"
#include "shm/leases/ledger.h"
#include "shm/series/directory.h"
#include "shmetrics/audio.h"

namespace shmetrics::audio {

/// The state of a Quota. Constant once made, except for the segment that it has last prepared.
class Quota::Impl {
 public:
  Impl(Registry& registry, const std::optional<std::string>& path, const QuotaOptions& options);

  const AudioConfig& config() const { return reading.config; }
  const Limits& LimitsOf(Tier tier) const;
  /// The domain as the ledger knows it.
  std::string_view LedgerDomain() const { return domain == kAudioDomain ? std::string_view() : domain; }

  /// The name of the user in labels and in the ledger.
  Result<std::string> LabelOf(std::string_view user_id) const;

  Result<Activity> Start(const LeaseGaugeFamily& family, std::string_view user_id,
                         const StartOptions& options, std::optional<std::uint32_t> Limits::*limit,
                         std::optional<std::chrono::seconds> ttl);
  Result<std::uint64_t> Live(const LeaseGaugeFamily& family, std::string_view user_id,
                             std::int64_t max_wait_ns);
  Result<Tier> TierOf(const std::string& label, std::int64_t max_wait_ns);
  // The calls about minutes are in quota_minutes.cc.
  MinutesResult Spend(std::string_view user_id, double minutes, std::optional<Tier> given,
                      shm::Ledger::Intent intent, std::int64_t max_wait_ns);
  MinutesResult Refund(std::string_view user_id, double minutes, std::optional<Tier> given,
                       std::int64_t max_wait_ns);
  MinutesResult Minutes(std::string_view user_id, std::optional<Tier> given, std::int64_t max_wait_ns);
  /// Makes `reservation`, which knows its user and tier, one of `estimate` minutes.
  ReserveResult Reserve(Reservation reservation, double estimate, std::int64_t max_wait_ns);
  /// `lease`, or `number` without a segment, is the reservation.
  MinutesResult Settle(Lease* lease, std::uint64_t* number, const std::string& user,
                       std::optional<Tier> given, double minutes, std::int64_t max_wait_ns);
  /// The segment in use, after making it ready for this quota; null if there is none. Waits `max_wait_ns` at
  /// most for each shard that it needs, and leaves the rest to a later call at the first that is busy.
  internal::Attachment* Prepare(std::int64_t max_wait_ns);
  /// The same for a decision: null if the process decides for itself; kAbsent if nothing may be decided.
  Result<internal::Attachment*> PrepareToDecide(std::int64_t max_wait_ns);

  const AudioConfigReading reading;
  const std::string domain;
  const std::optional<std::array<Limits, 3>> limits;
  const LeaseGaugeFamily streams;
  const LeaseGaugeFamily jobs;
  const LeaseGaugeFamily models;
  const LeaseGaugeFamily reservations;
  const CounterFamily violations;
  ModelAnnouncements announcements;

 private:
  /// Loads the saved ledger, unless that has been done. True if the ledger now holds it.
  bool LoadLedger(internal::Attachment* attachment, std::int64_t max_wait_ns) const;
  /// From a class of the ledger to the amount of minutes that a user may use in a day.
  std::optional<std::uint64_t> AmountLimit(std::optional<Tier> given, std::uint32_t key_class) const;
  /// Where minutes are decided: no segment if the process decides for itself.
  struct Place {
    internal::Attachment* attachment;
    const shm::RegisteredFamily* reservations;
  };
  /// The user's key in DetachedLedger.
  std::string PrivateKey(std::string_view user) const;
  Result<Place> PlaceToDecide(std::int64_t max_wait_ns);

  std::atomic<internal::Attachment*> prepared_{nullptr};  ///< Writer: any thread that has prepared another
  std::atomic<std::int64_t> retry_at_ns_{0};
};

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_AUDIO_QUOTA_IMPL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "client-lib/audio/quota_impl.h"
#include "client-lib/binding/guarded.h"
#include "client-lib/binding/lease_binding.h"
#include "client-lib/binding/never_freed.h"
#include "client-lib/config/config_file.h"
#include "shm/base/out_of_memory.h"
#include "shmetrics/audio.h"

namespace shmetrics::audio {
namespace {

using internal::LeaseBinding;
using internal::MaxWaitNs;

/// Returns body(*impl). If there is no memory for it, or was none for `impl`, that is the error.
template <class Impl, class Body>
std::invoke_result_t<Body, Impl&> With(Impl* impl, Body body) noexcept {
  if (impl == nullptr) return shm::OutOfMemory();
  return internal::Guarded([&] { return body(*impl); },
                           [&] { return LeaseBinding::NoMemory(LeaseBinding::Of(impl->streams)); });
}

}  // namespace

Quota::Quota(Registry& registry, const QuotaOptions& options) noexcept : impl_(nullptr) {
  const auto make = [&] {
    auto config = options.config.empty() ? config::ConfigFile() : std::optional(options.config);
    impl_ = std::make_unique<Impl>(registry, std::move(config), options).release();
    internal::KeepNeverFreed(impl_);
  };
  internal::Guarded(make, [] {});  // without memory every call says so
}

Result<Stream> Quota::try_start_stream(std::string_view user_id, const StartOptions& options) const noexcept {
  return With(impl_, [&](Impl& impl) {
    const bool has_ttl = options.lifetime.value_or(Lifetime::ttl) == Lifetime::ttl;
    return impl.Start(impl.streams, user_id, options, &Limits::concurrent_streams,
                      has_ttl ? std::optional(impl.config().stream_ttl) : std::nullopt);
  });
}

Result<Job> Quota::try_start_job(std::string_view user_id, const StartOptions& options) const noexcept {
  return With(impl_, [&](Impl& impl) {
    const bool has_ttl = options.lifetime.value_or(Lifetime::worker) == Lifetime::ttl;
    return impl.Start(impl.jobs, user_id, options, &Limits::concurrent_jobs,
                      has_ttl ? std::optional(impl.config().job_ttl) : std::nullopt);
  });
}

Result<std::uint64_t> Quota::active_streams(std::string_view user_id,
                                            std::optional<Duration> max_wait) const noexcept {
  return With(impl_, [&](Impl& impl) { return impl.Live(impl.streams, user_id, MaxWaitNs(max_wait)); });
}

Result<std::uint64_t> Quota::active_jobs(std::string_view user_id,
                                         std::optional<Duration> max_wait) const noexcept {
  return With(impl_, [&](Impl& impl) { return impl.Live(impl.jobs, user_id, MaxWaitNs(max_wait)); });
}

MinutesResult Quota::consume_daily_minutes(std::string_view user_id, double minutes, std::optional<Tier> tier,
                                           std::optional<Duration> max_wait) const noexcept {
  return With(impl_, [&](Impl& impl) {
    return impl.Spend(user_id, minutes, tier, shm::Ledger::Intent::kSpend, MaxWaitNs(max_wait));
  });
}

MinutesResult Quota::check_daily_minutes(std::string_view user_id, double minutes, std::optional<Tier> tier,
                                         std::optional<Duration> max_wait) const noexcept {
  return With(impl_, [&](Impl& impl) {
    return impl.Spend(user_id, minutes, tier, shm::Ledger::Intent::kAsk, MaxWaitNs(max_wait));
  });
}

MinutesResult Quota::daily_minutes(std::string_view user_id, std::optional<Tier> tier,
                                   std::optional<Duration> max_wait) const noexcept {
  return With(impl_, [&](Impl& impl) { return impl.Minutes(user_id, tier, MaxWaitNs(max_wait)); });
}

MinutesResult Quota::record_daily_minutes(std::string_view user_id, double minutes, std::optional<Tier> tier,
                                          std::optional<Duration> max_wait) const noexcept {
  return With(impl_, [&](Impl& impl) {
    return impl.Spend(user_id, minutes, tier, shm::Ledger::Intent::kRecord, MaxWaitNs(max_wait));
  });
}

MinutesResult Quota::refund_daily_minutes(std::string_view user_id, double minutes, std::optional<Tier> tier,
                                          std::optional<Duration> max_wait) const noexcept {
  return With(impl_, [&](Impl& impl) { return impl.Refund(user_id, minutes, tier, MaxWaitNs(max_wait)); });
}

ReserveResult Quota::reserve_daily_minutes(std::string_view user_id, double estimate,
                                           std::optional<Tier> tier,
                                           std::optional<Duration> max_wait) const noexcept {
  return With(impl_, [&](Impl& impl) -> ReserveResult {
    Reservation reservation;
    reservation.quota_ = &impl;
    reservation.tier_ = tier;
    if (Result<std::string> user = impl.LabelOf(user_id); user.ok()) {
      reservation.user_ = std::move(user.value());
    } else {
      return user.error();
    }
    return impl.Reserve(std::move(reservation), estimate, MaxWaitNs(max_wait));
  });
}

Result<void> Quota::set_tier(std::string_view user_id, Tier tier,
                             std::optional<Duration> max_wait) const noexcept {
  return With(impl_, [&](Impl& impl) -> Result<void> {
    if (TierName(tier).empty()) return Error{ErrorCode::kBadOption, "there is no such tier"};
    const Result<std::string> label = impl.LabelOf(user_id);
    if (!label.ok()) return label.error();
    const Result<internal::Attachment*> attachment = impl.PrepareToDecide(MaxWaitNs(max_wait));
    if (!attachment.ok()) return attachment.error();
    if (attachment.value() == nullptr)
      return Error{ErrorCode::kAbsent, "there is no segment to remember a tier in"};
    return attachment.value()->ledger.SetClass({label.value(), nullptr, impl.LedgerDomain()},
                                               static_cast<std::uint32_t>(tier), MaxWaitNs(max_wait));
  });
}

Result<Tier> Quota::tier(std::string_view user_id, std::optional<Duration> max_wait) const noexcept {
  return With(impl_, [&](Impl& impl) -> Result<Tier> {
    const Result<std::string> label = impl.LabelOf(user_id);
    return label.ok() ? impl.TierOf(label.value(), MaxWaitNs(max_wait)) : label.error();
  });
}

Limits Quota::limits(Tier tier) const noexcept {
  return impl_ == nullptr ? AudioConfig().LimitsOf(tier) : impl_->LimitsOf(tier);
}

Result<void> Quota::announce_model(std::string_view model, std::optional<Duration> max_wait) const noexcept {
  return With(impl_, [&](Impl& impl) {
    const std::int64_t max_wait_ns = MaxWaitNs(max_wait);
    return impl.announcements.Announce(impl.models, impl.Prepare(max_wait_ns), model, max_wait_ns);
  });
}

QuotaStatus Quota::status() const noexcept {
  const auto no_memory = [] { return QuotaStatus{.config = {}, .warnings = {}, .is_out_of_memory = true}; };
  if (impl_ == nullptr) return no_memory();
  return internal::Guarded(
      [this] {
        QuotaStatus status{impl_->reading.file, impl_->reading.file_errors};
        const std::vector<std::string>& of_environment = impl_->reading.environment_errors;
        status.warnings.insert(status.warnings.end(), of_environment.begin(), of_environment.end());
        return status;
      },
      no_memory);
}

}  // namespace shmetrics::audio

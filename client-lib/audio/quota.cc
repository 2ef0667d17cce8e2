#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client-lib/audio/quota_impl.h"
#include "client-lib/binding/never_freed.h"
#include "shmetrics/audio.h"

namespace shmetrics::audio {
namespace {

Error NoMemory() { return Error{ErrorCode::kOutOfMemory, "no memory for an audio quota"}; }

}  // namespace

Quota::Quota(Registry& registry, const QuotaOptions& options) noexcept : impl_(nullptr) {
  try {
    impl_ = new Impl(registry, options.config.empty() ? ConfigFile() : std::optional(options.config));
    internal::KeepNeverFreed(impl_);
  } catch (const std::exception&) {  // then every call says so
  }
}

Result<Stream> Quota::try_start_stream(std::string_view user_id, const StartOptions& options) const noexcept
    try {
  if (impl_ == nullptr) return NoMemory();
  const bool has_ttl = options.lifetime.value_or(Lifetime::ttl) == Lifetime::ttl;
  return impl_->Start(impl_->streams, user_id, options, &Limits::concurrent_streams,
                      has_ttl ? std::optional(impl_->config().stream_ttl) : std::nullopt);
} catch (const std::exception&) {
  return NoMemory();
}

Result<Job> Quota::try_start_job(std::string_view user_id, const StartOptions& options) const noexcept try {
  if (impl_ == nullptr) return NoMemory();
  const bool has_ttl = options.lifetime.value_or(Lifetime::worker) == Lifetime::ttl;
  return impl_->Start(impl_->jobs, user_id, options, &Limits::concurrent_jobs,
                      has_ttl ? std::optional(impl_->config().job_ttl) : std::nullopt);
} catch (const std::exception&) {
  return NoMemory();
}

Result<std::uint64_t> Quota::active_streams(std::string_view user_id) const noexcept try {
  return impl_ == nullptr ? NoMemory() : impl_->Live(impl_->streams, user_id);
} catch (const std::exception&) {
  return NoMemory();
}

Result<std::uint64_t> Quota::active_jobs(std::string_view user_id) const noexcept try {
  return impl_ == nullptr ? NoMemory() : impl_->Live(impl_->jobs, user_id);
} catch (const std::exception&) {
  return NoMemory();
}

Result<DailyMinutes> Quota::consume_daily_minutes(std::string_view user_id, double minutes,
                                                  std::optional<Tier> tier) const noexcept try {
  return impl_ == nullptr ? NoMemory() : impl_->Spend(user_id, minutes, tier, shm::Ledger::Intent::kSpend);
} catch (const std::exception&) {
  return NoMemory();
}

Result<DailyMinutes> Quota::check_daily_minutes(std::string_view user_id, double minutes,
                                                std::optional<Tier> tier) const noexcept try {
  return impl_ == nullptr ? NoMemory() : impl_->Spend(user_id, minutes, tier, shm::Ledger::Intent::kAsk);
} catch (const std::exception&) {
  return NoMemory();
}

Result<void> Quota::set_tier(std::string_view user_id, Tier tier) const noexcept try {
  if (impl_ == nullptr) return NoMemory();
  if (TierName(tier).empty()) return Error{ErrorCode::kBadOption, "there is no such tier"};
  const Result<std::string> label = impl_->LabelOf(user_id);
  if (!label.ok()) return label.error();
  internal::Attachment* attachment = impl_->Prepare();
  if (attachment == nullptr) return Error{ErrorCode::kAbsent, "there is no segment to remember a tier in"};
  return attachment->ledger.SetTier(label.value(), static_cast<std::uint32_t>(tier));
} catch (const std::exception&) {
  return NoMemory();
}

Result<Tier> Quota::tier(std::string_view user_id) const noexcept try {
  if (impl_ == nullptr) return NoMemory();
  const Result<std::string> label = impl_->LabelOf(user_id);
  return label.ok() ? impl_->TierOf(label.value()) : label.error();
} catch (const std::exception&) {
  return NoMemory();
}

Limits Quota::limits(Tier tier) const noexcept {
  return impl_ == nullptr ? AudioConfig().LimitsOf(tier) : impl_->LimitsOf(tier);
}

Result<void> Quota::announce_model(std::string_view model) const noexcept try {
  return impl_ == nullptr ? NoMemory()
                          : impl_->announcements.Announce(impl_->models, impl_->Prepare(), model);
} catch (const std::exception&) {
  return NoMemory();
}

QuotaStatus Quota::status() const {
  if (impl_ == nullptr) return {"", {NoMemory().message}};
  QuotaStatus status{impl_->reading.file, impl_->reading.file_errors};
  const std::vector<std::string>& of_environment = impl_->reading.environment_errors;
  status.warnings.insert(status.warnings.end(), of_environment.begin(), of_environment.end());
  return status;
}

}  // namespace shmetrics::audio

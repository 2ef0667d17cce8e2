#include "client-lib/audio/quota_impl.h"

#include <algorithm>
#include <initializer_list>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "client-lib/audio/definitions.h"
#include "client-lib/audio/ledger_loader.h"
#include "client-lib/audio/user_id.h"
#include "client-lib/binding/family_binding.h"
#include "client-lib/binding/guarded.h"
#include "client-lib/binding/lease_binding.h"
#include "client-lib/registry_impl.h"
#include "shm/leases/latest_days.h"

namespace shmetrics::audio {
namespace {

using internal::Attachment;
using internal::LeaseBinding;

/// The domain at the beginning of a sentence.
std::string Named(const std::string& domain) { return domain == kAudioDomain ? "Audio" : domain; }

}  // namespace

Quota::Impl::Impl(Registry& registry, const std::optional<std::string>& path, const QuotaOptions& options)
    : reading(ReadAudioConfig(path)),
      domain(options.domain.empty() ? kAudioDomain : std::string_view{options.domain}),
      limits(options.limits),
      streams(registry.lease_gauge({.name = MetricOf(domain, kStreamsMetric),
                                    .help = Named(domain) + " streams going on.",
                                    .labels = {kUserLabel}})),
      jobs(registry.lease_gauge({.name = MetricOf(domain, kJobsMetric),
                                 .help = Named(domain) + " jobs running.",
                                 .labels = {kUserLabel}})),
      models(registry.lease_gauge({.name = MetricOf(domain, kModelsMetric),
                                   .help = "Living workers that offer a model.",
                                   .labels = {kModelLabel}})),
      reservations(registry.lease_gauge({.name = MetricOf(domain, kReservationsMetric),
                                         .help = "Reservations of minutes by work in progress.",
                                         .labels = {kUserLabel}})),
      violations(registry.counter({.name = MetricOf(domain, kViolationsMetric),
                                   .help = "Streams, jobs and minutes denied by a quota.",
                                   .labels = {kViolationLabel}})) {
  for (const Family* family :
       std::initializer_list<const Family*>{&streams, &jobs, &models, &reservations, &violations}) {
    // Without it this quota would decide or count nothing for as long as the process lives.
    if (internal::FamilyAccess::BindingOf(*family) == internal::BindingOfLastResort()) throw std::bad_alloc();
  }
  Prepare(shm::LockWait::kDefaultNs);
}

const Limits& Quota::Impl::LimitsOf(Tier tier) const {
  if (!limits) return config().LimitsOf(tier);
  const std::size_t index = static_cast<std::size_t>(tier) - 1;
  return (*limits)[index < limits->size() ? index : 0];
}

/// In a new segment, exposes all violation types at 0, announces the models again, and loads the saved
/// ledger. If that fails, a later call tries again, at most once a second.
Attachment* Quota::Impl::Prepare(std::int64_t max_wait_ns) {
  Attachment* attachment = LeaseBinding::Of(streams).connection().RefreshToDecide();
  if (attachment == nullptr || prepared_.load(std::memory_order_acquire) == attachment) return attachment;
  // no order needed: a time
  if (internal::CoarseNowNs() < retry_at_ns_.load(std::memory_order_relaxed)) return attachment;
  for (const std::string_view type : {kDailyMinutesType, kConcurrentStreamsType, kConcurrentJobsType}) {
    violations.with({type});
  }
  const bool is_prepared = internal::Guarded(
      [&] {
        const bool has_followed = announcements.Follow(models, attachment, max_wait_ns);
        return LoadLedger(attachment, max_wait_ns) && has_followed;
      },
      [&] {
        LeaseBinding::NoMemory(LeaseBinding::Of(streams));
        return false;
      });
  if (is_prepared) {
    prepared_.store(attachment, std::memory_order_release);  // pairs with the load above
  } else {
    constexpr std::int64_t kRetryAfterNs = 1'000'000'000;
    // no order needed: as above
    retry_at_ns_.store(internal::CoarseNowNs() + kRetryAfterNs, std::memory_order_relaxed);
  }
  return attachment;
}

// Every process that finds the saved ledger not loaded loads it. Each user's part is added once to what was
// used since, however many processes do it:
//   1 restore each user    die here -> the next process that makes a quota goes on
//   2 mark it loaded       die here -> the next one finds everything restored, and marks it
// It is marked only if all of it is there. The agent saves a marked ledger over the file that this was read
// from.
bool Quota::Impl::LoadLedger(Attachment* attachment, std::int64_t max_wait_ns) const {
  if (config().state_file.empty() || attachment->ledger.IsLoaded()) return true;
  const Result<std::vector<shm::LedgerRecord>> saved = ReadLedgerFile(config().state_file);
  internal::RefusalLog& refusals = LeaseBinding::Of(streams).refusals();
  if (!saved.ok()) {
    refusals.Note(saved.error());
    return false;
  }
  shm::LatestDays latest;
  for (const shm::LedgerRecord& record : saved.value()) latest.Add(record.day);
  for (const shm::LedgerRecord& record : saved.value()) {
    // Whether a day has passed is not asked of the clock, because it may be wrong at the first start.
    if (!latest.Contains(record.day) && record.key_class == 0) continue;
    // Saved before user ids were hashed. Nothing may name such a user any more.
    if (!config().IsUserLabel(record.key)) continue;
    if (Result<void> restored = attachment->ledger.Restore(record, max_wait_ns); !restored.ok()) {
      refusals.Note(restored.error());
      // If the ledger has become smaller than the saved one, it keeps what it can.
      if (restored.error().code != ErrorCode::kLedgerFull) return false;
    }
  }
  attachment->ledger.MarkLoaded();
  return true;
}

Result<std::string> Quota::Impl::LabelOf(std::string_view user_id) const {
  if (Result<void> checked = CheckUserId(user_id); !checked.ok()) return checked.error();
  // It is better to refuse a stream than to disclose a name.
  if (config().hash_user_id && config().hash_user_id_key.empty()) {
    return Error{ErrorCode::kBadOption, "user ids are to be hashed, but there is no usable hash_user_id_key"};
  }
  return config().UserLabelOf(user_id);
}

Result<Attachment*> Quota::Impl::PrepareToDecide(std::int64_t max_wait_ns) {
  Attachment* attachment = Prepare(max_wait_ns);
  const internal::Connection& connection = LeaseBinding::Of(streams).connection();
  if (attachment == nullptr) {
    if (connection.DecidesPrivately()) return attachment;
    const Error error = connection.NothingDecided();
    LeaseBinding::Of(streams).refusals().Note(error);
    return error;
  }
  if (Result<void> binds = attachment->CheckBinds(); !binds.ok()) {
    LeaseBinding::Of(streams).refusals().Note(binds.error());
    return binds.error();
  }
  return attachment;
}

Result<Tier> Quota::Impl::TierOf(const std::string& label, std::int64_t max_wait_ns) {
  const Result<Attachment*> attachment = PrepareToDecide(max_wait_ns);
  if (!attachment.ok()) return attachment.error();
  if (attachment.value() == nullptr) return Tier::free;
  const Result<shm::Account> account =
      attachment.value()->ledger.Read({label, nullptr, LedgerDomain()}, max_wait_ns);
  if (!account.ok()) return account.error();
  return ToTier(account->key_class).value_or(Tier::free);
}

Result<Activity> Quota::Impl::Start(const LeaseGaugeFamily& family, std::string_view user_id,
                                    const StartOptions& options, std::optional<std::uint32_t> Limits::*limit,
                                    std::optional<std::chrono::seconds> ttl) {
  const std::int64_t max_wait_ns = internal::MaxWaitNs(options.max_wait);
  Prepare(max_wait_ns);
  const Result<std::string> label = LabelOf(user_id);
  if (!label.ok()) return label.error();
  Tier tier = Tier::free;
  std::optional<std::uint32_t> allowed;
  const auto limit_of = [&](std::uint32_t key_class) {
    tier = options.tier.value_or(ToTier(key_class).value_or(Tier::free));
    return allowed = LimitsOf(tier).*limit;
  };
  shm::Leases::Terms terms;
  terms.max_wait_ns = max_wait_ns;
  terms.domain = LedgerDomain();
  if (ttl) terms.ttl_ns = std::chrono::nanoseconds(*ttl).count();
  if (options.tier) {
    terms.limit = limit_of(0);
  } else {
    terms.limit_of = limit_of;
  }
  const std::string_view user = label.value();
  Result<Lease> lease = LeaseBinding::Acquire(LeaseBinding::Of(family), {&user, 1}, terms);
  if (lease.ok()) return Activity(std::move(lease.value()));
  if (lease.error().code != ErrorCode::kLimitReached) return lease.error();
  const bool is_stream = limit == &Limits::concurrent_streams;
  // Made before it is counted: a caller who is told that memory is short was not denied.
  Error denial{is_stream ? ErrorCode::kConcurrentStreams : ErrorCode::kConcurrentJobs,
               std::string(is_stream ? "concurrent streams" : "concurrent jobs") + " limit of tier " +
                   std::string(TierName(tier)) + " reached (" + std::to_string(*allowed) + ")"};
  violations.with({is_stream ? kConcurrentStreamsType : kConcurrentJobsType}).inc();
  return denial;
}

Result<std::uint64_t> Quota::Impl::Live(const LeaseGaugeFamily& family, std::string_view user_id,
                                        std::int64_t max_wait_ns) {
  const Result<std::string> label = LabelOf(user_id);
  if (!label.ok()) return label.error();
  const std::string_view user = label.value();
  return LeaseBinding::CountLive(LeaseBinding::Of(family), {&user, 1}, max_wait_ns);
}

}  // namespace shmetrics::audio

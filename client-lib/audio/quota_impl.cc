#include "client-lib/audio/quota_impl.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <iterator>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "client-lib/audio/definitions.h"
#include "client-lib/audio/ledger_loader.h"
#include "client-lib/audio/user_id.h"
#include "client-lib/binding/detached_ledger.h"
#include "client-lib/binding/family_binding.h"
#include "client-lib/binding/guarded.h"
#include "client-lib/binding/lease_binding.h"
#include "client-lib/registry_impl.h"

namespace shmetrics::audio {
namespace {

/// As short as it is exact, and with a point: std::to_string() takes the application's decimal sign.
std::string ToText(double number) {
  char text[32];
  const std::to_chars_result end = std::to_chars(std::begin(text), std::end(text), number);
  return {text, end.ptr};
}

using internal::Attachment;
using internal::LeaseBinding;

constexpr double kMaxMinutes = 1e6;

/// Rounded to the nearest, so that minutes that equal the limit in decimals equal it here too.
std::uint64_t ToAmount(double minutes) {
  return static_cast<std::uint64_t>(std::llround(minutes * kAmountPerMinute));
}

std::optional<std::uint64_t> AmountLimit(const Limits& limits) {
  return limits.daily_minutes ? std::optional(ToAmount(*limits.daily_minutes)) : std::nullopt;
}

DailyMinutes Report(std::uint64_t used, std::optional<std::uint64_t> limit) {
  DailyMinutes minutes{static_cast<double>(used) / kAmountPerMinute, std::nullopt, std::nullopt};
  if (limit) {
    minutes.limit = static_cast<double>(*limit) / kAmountPerMinute;
    minutes.remaining = used < *limit ? static_cast<double>(*limit - used) / kAmountPerMinute : 0.0;
  }
  return minutes;
}

}  // namespace

Quota::Impl::Impl(Registry& registry, const std::optional<std::string>& path)
    : reading(ReadAudioConfig(path)),
      streams(registry.lease_gauge(
          {.name = kStreamsMetric, .help = "Audio streams going on.", .labels = {kUserLabel}})),
      jobs(
          registry.lease_gauge({.name = kJobsMetric, .help = "Audio jobs running.", .labels = {kUserLabel}})),
      models(registry.lease_gauge(
          {.name = kModelsMetric, .help = "Living workers that offer a model.", .labels = {kModelLabel}})),
      violations(registry.counter({.name = kViolationsMetric,
                                   .help = "Streams, jobs and minutes denied by a quota.",
                                   .labels = {kViolationLabel}})) {
  for (const Family* family : std::initializer_list<const Family*>{&streams, &jobs, &models, &violations}) {
    // Without it this quota would decide or count nothing for as long as the process lives.
    if (internal::FamilyAccess::BindingOf(*family) == internal::BindingOfLastResort()) throw std::bad_alloc();
  }
  Prepare(shm::LockWait::kDefaultNs);
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
  const std::int64_t today = shm::UtcDay();
  for (const shm::LedgerRecord& record : saved.value()) {
    if (record.day != today && record.key_class == 0) continue;  // none of it counts any more
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
  const Result<shm::Ledger::Account> account = attachment.value()->ledger.Read(label, max_wait_ns);
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

Result<DailyMinutes> Quota::Impl::Spend(std::string_view user_id, double minutes, std::optional<Tier> given,
                                        shm::Ledger::Intent intent, std::int64_t max_wait_ns) {
  const bool is_asked = intent == shm::Ledger::Intent::kAsk;
  if (!(minutes <= kMaxMinutes) || !(minutes > 0 || (is_asked && minutes == 0))) {
    return Error{ErrorCode::kBadOption, "minutes must be more than 0 and at most 1,000,000"};
  }
  const Result<std::string> label = LabelOf(user_id);
  if (!label.ok()) return label.error();
  // 0 minutes ask whether anything is left. So they count as the smallest amount there is.
  const std::uint64_t amount = std::max<std::uint64_t>(1, ToAmount(minutes));
  std::optional<std::uint64_t> limit;
  const auto limit_of = [&](std::uint32_t key_class) {
    return limit = AmountLimit(LimitsOf(given.value_or(ToTier(key_class).value_or(Tier::free))));
  };
  const Result<Attachment*> attachment = PrepareToDecide(max_wait_ns);
  if (!attachment.ok()) return attachment.error();
  const Result<shm::Ledger::Decision> decision =
      attachment.value() != nullptr
          ? attachment.value()->ledger.Spend(label.value(), amount, intent, limit_of, max_wait_ns)
          : internal::DetachedLedger::Spend(label.value(), amount, intent, limit_of);
  if (!decision.ok()) return decision.error();
  const DailyMinutes state = Report(decision->account.amount, limit);
  if (decision->allowed) return state;
  Error denial{ErrorCode::kDailyMinutes, "daily minutes used up: " + ToText(state.used) + " of " +
                                             ToText(*state.limit) + " are used today"};
  violations.with({kDailyMinutesType}).inc();
  return denial;
}

}  // namespace shmetrics::audio

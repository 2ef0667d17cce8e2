// What a quota does about minutes.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "client-lib/audio/definitions.h"
#include "client-lib/audio/minutes.h"
#include "client-lib/audio/quota_impl.h"
#include "client-lib/binding/detached_ledger.h"
#include "client-lib/binding/family_binding.h"
#include "client-lib/binding/lease_binding.h"

namespace shmetrics::audio {
namespace {

using internal::DetachedLedger;
using internal::LeaseBinding;

/// No amount is rounded to 0.
std::uint64_t ToPositiveAmount(double minutes) { return std::max<std::uint64_t>(1, ToAmount(minutes)); }

Error UsedUp(const DailyMinutes& day) {
  return Error{ErrorCode::kDailyMinutes, "daily minutes used up: " + InWords(day)};
}

}  // namespace

std::optional<std::uint64_t> Quota::Impl::AmountLimit(std::optional<Tier> given,
                                                      std::uint32_t key_class) const {
  const Tier tier = given.value_or(ToTier(key_class).value_or(Tier::free));
  const std::optional<double> minutes = LimitsOf(tier).daily_minutes;
  return minutes ? std::optional(ToAmount(*minutes)) : std::nullopt;
}

std::string Quota::Impl::PrivateKey(std::string_view user) const {
  return std::string(shm::LedgerKeyBytes(user, LedgerDomain()).view());
}

/// Minutes that cannot be told from reserved ones must not be given away, so a refused family is an error.
Result<Quota::Impl::Place> Quota::Impl::PlaceToDecide(std::int64_t max_wait_ns) {
  const Result<internal::Attachment*> attachment = PrepareToDecide(max_wait_ns);
  if (!attachment.ok()) return attachment.error();
  if (attachment.value() == nullptr) return Place{nullptr, nullptr};
  const internal::Registration* registration =
      LeaseBinding::Of(reservations).RegisteredIn(attachment.value());
  if (registration == nullptr) return LeaseBinding::Of(reservations).connection().NothingDecided();
  if (!registration->family) return registration->error;
  // Another thread may have moved to the next segment meanwhile.
  if (registration->attachment != attachment.value()) {
    if (Result<void> binds = registration->attachment->CheckBinds(); !binds.ok()) return binds.error();
  }
  return Place{registration->attachment, &*registration->family};
}

MinutesResult Quota::Impl::Spend(std::string_view user_id, double minutes, std::optional<Tier> given,
                                 shm::Ledger::Intent intent, std::int64_t max_wait_ns) {
  const bool asks_if_any = intent == shm::Ledger::Intent::kAsk && minutes == 0;
  if (!asks_if_any && !AreMinutes(minutes)) return NotMinutes();
  const Result<std::string> user = LabelOf(user_id);
  if (!user.ok()) return user.error();
  // 0 minutes ask whether anything is left. So they count as the smallest amount there is.
  const std::uint64_t amount = ToPositiveAmount(minutes);
  std::optional<std::uint64_t> limit;
  const auto limit_of = [&](std::uint32_t key_class) { return limit = AmountLimit(given, key_class); };
  const Result<Place> place = PlaceToDecide(max_wait_ns);
  if (!place.ok()) return place.error();
  const Result<shm::Ledger::Decision> decision =
      place->attachment != nullptr
          ? place->attachment->ledger.Spend({user.value(), place->reservations, LedgerDomain()}, amount,
                                            intent, limit_of, max_wait_ns)
          : DetachedLedger::Spend(PrivateKey(user.value()), amount, intent, limit_of);
  if (!decision.ok()) return decision.error();
  const DailyMinutes day = ToDay(decision->account, limit);
  if (decision->allowed) return {day, day};
  // Made before it is counted: a caller who is told that memory is short was not denied.
  Error denial = UsedUp(day);
  // Reading what is left is no attempt to use it.
  if (!asks_if_any) violations.with({kDailyMinutesType}).inc();
  return {std::move(denial), day};
}

MinutesResult Quota::Impl::Refund(std::string_view user_id, double minutes, std::optional<Tier> given,
                                  std::int64_t max_wait_ns) {
  if (!AreMinutes(minutes)) return NotMinutes();
  const Result<std::string> user = LabelOf(user_id);
  if (!user.ok()) return user.error();
  const std::uint64_t amount = ToPositiveAmount(minutes);
  const Result<Place> place = PlaceToDecide(max_wait_ns);
  if (!place.ok()) return place.error();
  const Result<shm::Ledger::Decision> decision =
      place->attachment != nullptr
          ? place->attachment->ledger.Refund({user.value(), place->reservations, LedgerDomain()}, amount,
                                             max_wait_ns)
          : DetachedLedger::Refund(PrivateKey(user.value()), amount);
  if (!decision.ok()) return decision.error();
  const DailyMinutes day = ToDay(decision->account, AmountLimit(given, decision->account.key_class));
  if (decision->allowed) return {day, day};
  return {
      Error{ErrorCode::kNotUsed, "more minutes given back than used, and nothing changed: " + InWords(day)},
      day};
}

MinutesResult Quota::Impl::Minutes(std::string_view user_id, std::optional<Tier> given,
                                   std::int64_t max_wait_ns) {
  const Result<std::string> user = LabelOf(user_id);
  if (!user.ok()) return user.error();
  const Result<Place> place = PlaceToDecide(max_wait_ns);
  if (!place.ok()) return place.error();
  const Result<shm::Account> account =
      place->attachment != nullptr
          ? place->attachment->ledger.Read({user.value(), place->reservations, LedgerDomain()}, max_wait_ns)
          : DetachedLedger::Read(PrivateKey(user.value()));
  if (!account.ok()) return account.error();
  const DailyMinutes day = ToDay(account.value(), AmountLimit(given, account->key_class));
  return {day, day};
}

ReserveResult Quota::Impl::Reserve(Reservation reservation, double estimate, std::int64_t max_wait_ns) {
  if (!AreMinutes(estimate)) return NotMinutes();
  const std::optional<Tier> given = reservation.tier_;
  shm::Leases::Reserved reserved;
  reserved.amount = ToPositiveAmount(estimate);
  reserved.limit_of = [this, given](std::uint32_t key_class) { return AmountLimit(given, key_class); };
  const Result<internal::Attachment*> attachment = PrepareToDecide(max_wait_ns);
  if (!attachment.ok()) return attachment.error();
  bool is_denied = false;
  if (attachment.value() != nullptr) {
    shm::Leases::Terms terms;
    terms.max_wait_ns = max_wait_ns;
    terms.domain = LedgerDomain();
    terms.reserves = &reserved;
    const std::string_view user = reservation.user_;
    Result<Lease> lease = LeaseBinding::Acquire(LeaseBinding::Of(reservations), {&user, 1}, terms);
    is_denied = !lease.ok() && lease.error().code == ErrorCode::kLimitReached;
    if (!lease.ok() && !is_denied) return lease.error();
    if (lease.ok()) reservation.lease_ = std::move(lease.value());
  } else {
    const std::optional<std::uint64_t> number = DetachedLedger::Reserve(
        PrivateKey(reservation.user_), reserved.amount, reserved.limit_of, &reserved.account);
    is_denied = !number;
    reservation.private_ = number.value_or(0);
  }
  const DailyMinutes day = ToDay(reserved.account, AmountLimit(given, reserved.account.key_class));
  if (!is_denied) return {std::move(reservation), day};
  Error denial = UsedUp(day);
  violations.with({kDailyMinutesType}).inc();
  return {std::move(denial), day};
}

MinutesResult Quota::Impl::Settle(Lease* lease, std::uint64_t* number, const std::string& user,
                                  std::optional<Tier> given, double minutes, std::int64_t max_wait_ns) {
  if (minutes != 0 && !AreMinutes(minutes)) return NotMinutes();
  const std::uint64_t amount = minutes == 0 ? 0 : ToPositiveAmount(minutes);
  Result<shm::Account> account = Error{ErrorCode::kEnded, "the reservation has ended"};
  if (*number != 0) {
    account = DetachedLedger::Settle(PrivateKey(user), *number, amount);
    if (account.ok()) *number = 0;
  } else if (LeaseBinding::IsHeld(*lease)) {
    const Result<Place> place = PlaceToDecide(max_wait_ns);
    if (!place.ok()) return place.error();
    if (place->attachment == nullptr) return LeaseBinding::Of(reservations).connection().NothingDecided();
    account = LeaseBinding::Settle(lease, *place->attachment, {user, place->reservations, LedgerDomain()},
                                   amount, max_wait_ns);
  }
  if (!account.ok()) return account.error();
  const DailyMinutes day = ToDay(account.value(), AmountLimit(given, account->key_class));
  return {day, day};
}

}  // namespace shmetrics::audio

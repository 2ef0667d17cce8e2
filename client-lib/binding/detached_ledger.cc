#include "client-lib/binding/detached_ledger.h"

#include <atomic>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "client-lib/binding/never_freed.h"
#include "shm/base/fork_guard.h"

namespace shmetrics::internal {
namespace {

constexpr std::size_t kMaxKeys = 65'536;

/// Continues in a child, which may still hold numbers of its parent's reservations.
constinit std::atomic<std::uint64_t> last_reservation{0};

struct Amounts {
  std::uint64_t generation;  ///< of the process that has used them
  std::int64_t day;
  std::map<std::string, std::uint64_t, std::less<>> used;
  std::map<std::string, std::uint64_t, std::less<>> reserved;
  std::map<std::uint64_t, std::pair<std::string, std::uint64_t>> reservations;
};

/// Call only under ForkGuard::Lock. A child makes its own, as with detached leases. Never freed.
Amounts& TheAmounts() {
  constinit static std::atomic<Amounts*> present{nullptr};
  const std::int64_t today = shm::UtcDay();
  const std::uint64_t generation = shm::ForkGuard::Generation();
  Amounts* amounts = present.load(std::memory_order_acquire);
  if (amounts == nullptr || amounts->generation != generation) {
    KeepNeverFreed(amounts);
    amounts = new Amounts{generation, today, {}, {}, {}};
    present.store(amounts, std::memory_order_release);  // pairs with the load above, in a child
  }
  if (amounts->day != today) {
    amounts->day = today;
    amounts->used.clear();
  }
  return *amounts;
}

shm::Account AccountOf(const Amounts& amounts, std::string_view key) {
  const auto used = amounts.used.find(key);
  const auto reserved = amounts.reserved.find(key);
  return {used == amounts.used.end() ? 0 : used->second, 0,
          reserved == amounts.reserved.end() ? 0 : reserved->second};
}

bool Fits(std::uint64_t amount, const shm::Account& account, std::optional<std::uint64_t> limit) {
  const std::uint64_t most = limit.value_or(UINT64_MAX);
  return account.amount <= most && account.reserved <= most - account.amount &&
         amount <= most - account.amount - account.reserved;
}

Result<void> Add(std::string_view key, std::uint64_t amount, Amounts* amounts) {
  auto found = amounts->used.find(key);
  if (found == amounts->used.end()) {
    if (amounts->used.size() >= kMaxKeys) {
      return Error{ErrorCode::kLedgerFull, "this process has its maximum of " + std::to_string(kMaxKeys) +
                                               " users without a segment"};
    }
    found = amounts->used.emplace(key, 0).first;
  }
  found->second = shm::AddAmounts(found->second, amount);
  return {};
}

bool End(std::uint64_t reservation, Amounts* amounts) {
  const auto found = amounts->reservations.find(reservation);
  if (found == amounts->reservations.end()) return false;
  const auto sum = amounts->reserved.find(found->second.first);
  if (sum != amounts->reserved.end()) {
    sum->second -= found->second.second;
    if (sum->second == 0) amounts->reserved.erase(sum);
  }
  amounts->reservations.erase(found);
  return true;
}

}  // namespace

Result<shm::Ledger::Decision> DetachedLedger::Spend(std::string_view key, std::uint64_t amount,
                                                    shm::Ledger::Intent intent,
                                                    const shm::AmountLimitOf& limit_of) {
  using Intent = shm::Ledger::Intent;
  const std::optional<std::uint64_t> limit = limit_of(0);
  const shm::ForkGuard::Lock lock;
  Amounts& amounts = TheAmounts();
  const shm::Account account = AccountOf(amounts, key);
  const bool allowed = !limit || intent == Intent::kRecord || Fits(amount, account, limit);
  if (!allowed || intent == Intent::kAsk) return shm::Ledger::Decision{account, allowed, false};
  if (Result<void> added = Add(key, amount, &amounts); !added.ok()) return added.error();
  return shm::Ledger::Decision{AccountOf(amounts, key), true, true};
}

shm::Ledger::Decision DetachedLedger::Refund(std::string_view key, std::uint64_t amount) {
  const shm::ForkGuard::Lock lock;
  Amounts& amounts = TheAmounts();
  const auto found = amounts.used.find(key);
  const bool allowed = amount <= AccountOf(amounts, key).amount;
  if (allowed && found != amounts.used.end()) found->second -= amount;
  return {AccountOf(amounts, key), allowed, allowed};
}

shm::Account DetachedLedger::Read(std::string_view key) {
  const shm::ForkGuard::Lock lock;
  return AccountOf(TheAmounts(), key);
}

std::optional<std::uint64_t> DetachedLedger::Reserve(std::string_view key, std::uint64_t amount,
                                                     const shm::AmountLimitOf& limit_of,
                                                     shm::Account* account) {
  const std::optional<std::uint64_t> limit = limit_of(0);
  const shm::ForkGuard::Lock lock;
  Amounts& amounts = TheAmounts();
  *account = AccountOf(amounts, key);
  const bool fits = limit ? Fits(amount, *account, limit) : account->reserved <= UINT64_MAX - amount;
  if (!fits) return std::nullopt;
  // no order needed: counted under the lock
  const std::uint64_t number = last_reservation.fetch_add(1, std::memory_order_relaxed) + 1;
  std::uint64_t& reserved = amounts.reserved.try_emplace(std::string(key), 0).first->second;
  amounts.reservations.emplace(number, std::pair(std::string(key), amount));
  reserved += amount;
  account->reserved = reserved;
  return number;
}

Result<shm::Account> DetachedLedger::Settle(std::string_view key, std::uint64_t reservation,
                                            std::uint64_t amount) {
  const shm::ForkGuard::Lock lock;
  Amounts& amounts = TheAmounts();
  if (!amounts.reservations.contains(reservation))
    return Error{ErrorCode::kEnded, "the reservation has ended"};
  if (Result<void> added = Add(key, amount, &amounts); !added.ok()) return added.error();
  End(reservation, &amounts);
  return AccountOf(amounts, key);
}

bool DetachedLedger::Cancel(std::uint64_t reservation) {
  const shm::ForkGuard::Lock lock;
  return End(reservation, &TheAmounts());
}

bool DetachedLedger::IsLive(std::uint64_t reservation) {
  const shm::ForkGuard::Lock lock;
  return TheAmounts().reservations.contains(reservation);
}

}  // namespace shmetrics::internal

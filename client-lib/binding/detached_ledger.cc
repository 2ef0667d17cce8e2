#include "client-lib/binding/detached_ledger.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "client-lib/binding/never_freed.h"
#include "shm/base/fork_guard.h"

namespace shmetrics::internal {
namespace {

constexpr std::size_t kMaxKeys = 65'536;

struct UsedToday {
  std::uint64_t generation;  ///< of the process that has used it
  std::int64_t day;
  std::map<std::string, std::uint64_t, std::less<>> amounts;
};

/// Call only under ForkGuard::Lock. A child makes its own, as with detached leases. Never freed.
UsedToday& TheAmounts(std::int64_t today) {
  constinit static std::atomic<UsedToday*> present{nullptr};
  const std::uint64_t generation = shm::ForkGuard::Generation();
  UsedToday* used = present.load(std::memory_order_acquire);
  if (used == nullptr || used->generation != generation) {
    KeepNeverFreed(used);
    used = new UsedToday{generation, today, {}};
    present.store(used, std::memory_order_release);  // pairs with the load above, in a child
  }
  if (used->day != today) {
    used->day = today;
    used->amounts.clear();
  }
  return *used;
}

}  // namespace

Result<shm::Ledger::Decision> DetachedLedger::Spend(std::string_view key, std::uint64_t amount,
                                                    shm::Ledger::Intent intent,
                                                    const shm::Ledger::LimitOf& limit_of) {
  const std::optional<std::uint64_t> limit = limit_of(0);
  const shm::ForkGuard::Lock lock;
  UsedToday& today = TheAmounts(shm::UtcDay());
  auto found = today.amounts.find(key);
  const std::uint64_t used = found == today.amounts.end() ? 0 : found->second;
  const bool allowed =
      !limit || intent == shm::Ledger::Intent::kRecord || (used <= *limit && amount <= *limit - used);
  if (!allowed || intent == shm::Ledger::Intent::kAsk)
    return shm::Ledger::Decision{{used, 0}, allowed, false};
  if (found == today.amounts.end()) {
    if (today.amounts.size() >= kMaxKeys) {
      return Error{ErrorCode::kLedgerFull, "this process has its maximum of " + std::to_string(kMaxKeys) +
                                               " users without a segment"};
    }
    found = today.amounts.emplace(key, 0).first;
  }
  found->second += std::min(amount, UINT64_MAX - found->second);
  return shm::Ledger::Decision{{found->second, 0}, true, true};
}

shm::Ledger::Decision DetachedLedger::Refund(std::string_view key, std::uint64_t amount) {
  const shm::ForkGuard::Lock lock;
  UsedToday& today = TheAmounts(shm::UtcDay());
  const auto found = today.amounts.find(key);
  const std::uint64_t used = found == today.amounts.end() ? 0 : found->second;
  if (amount > used) return {{used, 0}, false, false};
  if (found != today.amounts.end()) found->second -= amount;
  return {{used - amount, 0}, true, true};
}

shm::Ledger::Account DetachedLedger::Read(std::string_view key) {
  const shm::ForkGuard::Lock lock;
  const UsedToday& today = TheAmounts(shm::UtcDay());
  const auto found = today.amounts.find(key);
  return {found == today.amounts.end() ? 0 : found->second, 0};
}

}  // namespace shmetrics::internal

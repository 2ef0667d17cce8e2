#include "client-lib/binding/detached_leases.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client-lib/binding/never_freed.h"
#include "shm/base/fork_guard.h"
#include "shm/leases/lease_clock.h"

namespace shmetrics::internal {
namespace {

constexpr std::size_t kMaxLeases = 65'536;

struct DetachedLease {
  const FamilyBinding* family;
  std::vector<std::string> values;
  std::int64_t deadline_ns;
};

/// Continues in a child, which may still hold numbers of the parent's leases.
constinit std::atomic<std::uint64_t> last_number{0};

struct Table {
  std::uint64_t generation;  ///< of the process whose leases these are
  std::map<std::uint64_t, DetachedLease> leases;
};

/// Call only under ForkGuard::Lock. A child makes its own table and leaves the parent's alone: a thread that
/// the child does not have may have been changing it. Never freed: leases may be released until the very end
/// of the process.
Table& TheTable() {
  constinit static std::atomic<Table*> present{nullptr};
  const std::uint64_t generation = shm::ForkGuard::Generation();
  Table* table = present.load(std::memory_order_acquire);
  if (table == nullptr || table->generation != generation) {
    KeepNeverFreed(table);
    table = new Table{generation, {}};
    present.store(table, std::memory_order_release);  // pairs with the load above, in a child
  }
  return *table;
}

bool IsOfKey(const DetachedLease& lease, const FamilyBinding* family,
             std::span<const std::string_view> values) {
  return lease.family == family &&
         std::equal(values.begin(), values.end(), lease.values.begin(), lease.values.end());
}

std::uint64_t Count(const Table& table, const FamilyBinding* family,
                    std::span<const std::string_view> values) {
  const std::int64_t now = shm::LeaseNowNs();
  return static_cast<std::uint64_t>(std::ranges::count_if(table.leases, [&](const auto& entry) {
    return entry.second.deadline_ns > now && IsOfKey(entry.second, family, values);
  }));
}

}  // namespace

Result<std::uint64_t> DetachedLeases::Acquire(const FamilyBinding* family,
                                              std::span<const std::string_view> values,
                                              const shm::Leases::Terms& terms) {
  const shm::ForkGuard::Lock lock;
  Table& table = TheTable();
  const std::int64_t now = shm::LeaseNowNs();
  std::erase_if(table.leases, [now](const auto& entry) { return entry.second.deadline_ns <= now; });
  const std::uint64_t live = Count(table, family, values);
  const std::optional<std::uint32_t> limit = terms.LimitFor(0);  // there is no ledger
  if (limit && live >= *limit) {
    return Error{ErrorCode::kLimitReached, "limit reached: " + std::to_string(live) + " of " +
                                               std::to_string(*limit) + " in use in this process"};
  }
  if (table.leases.size() >= kMaxLeases) {
    return Error{ErrorCode::kLeaseTableFull, "this process has its maximum of " + std::to_string(kMaxLeases) +
                                                 " leases without a segment"};
  }
  DetachedLease lease{family, {values.begin(), values.end()}, shm::LeaseDeadlineAfter(now, terms.ttl_ns)};
  // no order needed: counted under the lock
  const std::uint64_t number = last_number.fetch_add(1, std::memory_order_relaxed) + 1;
  table.leases.emplace(number, std::move(lease));
  return number;
}

std::uint64_t DetachedLeases::CountLive(const FamilyBinding* family,
                                        std::span<const std::string_view> values) {
  const shm::ForkGuard::Lock lock;
  return Count(TheTable(), family, values);
}

bool DetachedLeases::Renew(std::uint64_t lease, std::int64_t ttl_ns) {
  const shm::ForkGuard::Lock lock;
  Table& table = TheTable();
  const auto found = table.leases.find(lease);
  const std::int64_t now = shm::LeaseNowNs();
  if (found == table.leases.end() || found->second.deadline_ns <= now) return false;
  if (ttl_ns > 0) {
    found->second.deadline_ns = std::max(found->second.deadline_ns, shm::LeaseDeadlineAfter(now, ttl_ns));
  }
  return true;
}

bool DetachedLeases::Release(std::uint64_t lease) {
  const shm::ForkGuard::Lock lock;
  Table& table = TheTable();
  const auto found = table.leases.find(lease);
  if (found == table.leases.end()) return false;
  const bool was_live = found->second.deadline_ns > shm::LeaseNowNs();
  table.leases.erase(found);
  return was_live;
}

bool DetachedLeases::IsLive(std::uint64_t lease) {
  const shm::ForkGuard::Lock lock;
  const auto& leases = TheTable().leases;
  const auto found = leases.find(lease);
  return found != leases.end() && found->second.deadline_ns > shm::LeaseNowNs();
}

}  // namespace shmetrics::internal

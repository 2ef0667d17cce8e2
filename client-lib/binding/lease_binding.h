#ifndef SHMETRICS_CLIENT_LIB_BINDING_LEASE_BINDING_H_
#define SHMETRICS_CLIENT_LIB_BINDING_LEASE_BINDING_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "client-lib/binding/family_binding.h"
#include "shm/base/lock_wait.h"
#include "shm/leases/leases.h"
#include "shm/leases/ledger.h"
#include "shmetrics/lease.h"

namespace shmetrics::internal {

/// How long a decision may wait for its shard.
inline std::int64_t MaxWaitNs(const std::optional<Duration>& max_wait) {
  return max_wait ? max_wait->nanoseconds().count() : shm::LockWait::kDefaultNs;
}

/// What leases of one family do in the segment in use, or without one.
class LeaseBinding {
 public:
  static FamilyBinding& Of(const LeaseGaugeFamily& family) { return *family.binding_; }
  /// The answer when a call has run out of memory. Counts it.
  static Error NoMemory(const FamilyBinding& family) noexcept;

  /// These may throw std::bad_alloc.
  static Result<Lease> Acquire(FamilyBinding& family, std::span<const std::string_view> values,
                               const LeaseOptions& options);
  static Result<Lease> Acquire(FamilyBinding& family, std::span<const std::string_view> values,
                               const shm::Leases::Terms& terms);
  static Result<std::uint64_t> CountLive(FamilyBinding& family, std::span<const std::string_view> values,
                                         std::int64_t max_wait_ns);

  /// True if this process has the lease and has not ended it.
  static bool IsHeld(const Lease& lease);
  /// Settles a lease that reserves an amount (shm::Ledger::Settle). If its segment has been replaced by that
  /// of `attachment`, the amount is recorded there. After an error other than kEnded the lease goes on.
  static Result<shm::Account> Settle(Lease* lease, Attachment& attachment, const shm::LedgerKey& key,
                                     std::uint64_t amount, std::int64_t max_wait_ns);

 private:
  static Result<Lease> AcquireIn(const Registration& registration, std::span<const std::string_view> values,
                                 const shm::Leases::Terms& terms);
};

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_BINDING_LEASE_BINDING_H_

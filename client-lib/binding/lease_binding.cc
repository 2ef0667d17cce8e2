#include "client-lib/binding/lease_binding.h"

#include <memory>
#include <string>
#include <vector>

#include "client-lib/binding/connection.h"
#include "client-lib/binding/detached_leases.h"
#include "client-lib/binding/refusal_log.h"
#include "shm/base/fork_guard.h"
#include "shm/series/label_block.h"

namespace shmetrics::internal {
namespace {

constexpr int kMaxFollows = 16;

/// A segment that is replaced while one asks of it: then ask the next.
bool IsOfLeftSegment(const Error& error) { return error.code == ErrorCode::kAbsent; }

/// What only says how the key stands is no refusal worth keeping.
bool IsRefusal(const Error& error) { return error.code != ErrorCode::kLimitReached; }

}  // namespace

Result<Lease> LeaseBinding::AcquireIn(const Registration& registration,
                                      std::span<const std::string_view> values,
                                      const shm::Leases::Terms& terms) {
  Attachment& attachment = *registration.attachment;
  Result<shm::layout::WorkerSlot*> slot = attachment.HoldForLease();
  if (!slot.ok()) return slot.error();
  // Gives the slot back unless a lease keeps it, also when memory for one is short.
  std::unique_ptr<Attachment, decltype([](Attachment* unused) { unused->DropLease(); })> unless_held(
      &attachment);
  Result<shm::HeldLease> held = attachment.leases.Acquire(*registration.family, values, terms, slot.value());
  if (!held.ok()) return held.error();
  unless_held.release();  // NOLINT(bugprone-unused-return-value): Lease::release() drops it
  Lease lease;
  lease.attachment_ = &attachment;
  lease.entry_ = held->entry;
  lease.lease_generation_ = held->generation;
  lease.process_generation_ = shm::ForkGuard::Generation();
  lease.ttl_ns_ = terms.ttl_ns;
  return lease;
}

Result<Lease> LeaseBinding::Acquire(FamilyBinding& family, std::span<const std::string_view> values,
                                    const LeaseOptions& options) {
  const std::int64_t ttl_ns = options.ttl ? options.ttl->nanoseconds().count() : 0;
  if (options.ttl && ttl_ns <= 0) {
    return Error{ErrorCode::kBadOption, "the TTL of a lease must be more than 0"};
  }
  return Acquire(family, values, shm::Leases::Terms{options.limit, ttl_ns});
}

Result<Lease> LeaseBinding::Acquire(FamilyBinding& family, std::span<const std::string_view> values,
                                    const shm::Leases::Terms& terms) {
  for (int attempt = 0; attempt < kMaxFollows; attempt++) {
    const Registration* registration = family.Registered();
    if (registration == nullptr) break;
    if (!registration->family) return registration->error;
    Result<Lease> lease = AcquireIn(*registration, values, terms);
    if (lease.ok()) return lease;
    if (IsOfLeftSegment(lease.error())) {
      // Who has no slot there gets none any more: without a look for the successor now, the lease would be one of this
      // process only, and no limit for anybody else.
      family.connection().Refresh();
      continue;
    }
    if (IsRefusal(lease.error())) family.refusals().Note(lease.error());
    return lease.error();
  }
  const std::vector<std::string>& labels = family.definition().label_names;
  const std::vector<std::string_view> names(labels.begin(), labels.end());
  if (Result<void> checked = shm::CheckLabelValues(names, values); !checked.ok()) return checked.error();
  Result<std::uint64_t> detached = DetachedLeases::Acquire(&family, values, terms);
  if (!detached.ok()) return detached.error();
  Lease lease;
  lease.entry_ = &family;  // any address: that there is a lease
  lease.lease_generation_ = detached.value();
  lease.process_generation_ = shm::ForkGuard::Generation();
  lease.ttl_ns_ = terms.ttl_ns;
  return lease;
}

Result<std::uint64_t> LeaseBinding::CountLive(FamilyBinding& family,
                                              std::span<const std::string_view> values) {
  const Registration* registration = family.Registered();
  if (registration == nullptr) return DetachedLeases::CountLive(&family, values);
  if (!registration->family) return registration->error;
  Result<std::uint64_t> live = registration->attachment->leases.CountLive(*registration->family, values);
  if (!live.ok()) family.refusals().Note(live.error());
  return live;
}

}  // namespace shmetrics::internal

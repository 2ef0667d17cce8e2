#include "client-lib/binding/lease_binding.h"

#include <memory>
#include <string>
#include <vector>

#include "client-lib/binding/attachment.h"
#include "client-lib/binding/detached_leases.h"
#include "client-lib/binding/refusal_log.h"
#include "shm/base/fork_guard.h"
#include "shm/base/out_of_memory.h"
#include "shm/series/label_block.h"

namespace shmetrics::internal {
namespace {

constexpr int kMaxFollows = 16;

/// Leases within this process, for a program that has no segment and wants limits all the same.
Result<std::uint64_t> AcquirePrivately(const FamilyBinding& family, std::span<const std::string_view> values,
                                       const shm::Leases::Terms& terms) {
  const std::vector<std::string>& labels = family.definition().label_names;
  const std::vector<std::string_view> names(labels.begin(), labels.end());
  if (Result<void> checked = shm::CheckLabelValues(names, values); !checked.ok()) return checked.error();
  return DetachedLeases::Acquire(&family, values, terms);
}

/// Says that nothing was decided, and notes it.
Error NothingDecided(FamilyBinding& family) {
  Error error = family.connection().NothingDecided();
  family.refusals().Note(error);
  return error;
}

}  // namespace

Error LeaseBinding::NoMemory(const FamilyBinding& family) noexcept {
  family.NoteNoMemory();
  return shm::OutOfMemory();
}

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
  return Acquire(family, values, shm::Leases::Terms{options.limit, ttl_ns, MaxWaitNs(options.max_wait)});
}

Result<Lease> LeaseBinding::Acquire(FamilyBinding& family, std::span<const std::string_view> values,
                                    const shm::Leases::Terms& terms) {
  for (int follow = 0;; follow++) {
    const Registration* registration = family.Registered();
    if (registration == nullptr) break;
    if (!registration->family) return registration->error;
    Result<Lease> lease = AcquireIn(*registration, values, terms);
    if (lease.ok()) return lease;
    // The segment was replaced while it was asked. If there is a successor, it decides.
    if (lease.error().code == ErrorCode::kAbsent && follow < kMaxFollows &&
        family.connection().Refresh() != registration->attachment)
      continue;
    // A key that has reached its limit is no refusal worth keeping.
    if (lease.error().code != ErrorCode::kLimitReached) family.refusals().Note(lease.error());
    return lease.error();
  }
  if (!family.connection().DecidesPrivately()) return NothingDecided(family);
  const Result<std::uint64_t> number = AcquirePrivately(family, values, terms);
  if (!number.ok()) return number.error();
  Lease lease;
  lease.entry_ = &family;  // any address: that there is a lease
  lease.lease_generation_ = number.value();
  lease.process_generation_ = shm::ForkGuard::Generation();
  lease.ttl_ns_ = terms.ttl_ns;
  return lease;
}

Result<std::uint64_t> LeaseBinding::CountLive(FamilyBinding& family, std::span<const std::string_view> values,
                                              std::int64_t max_wait_ns) {
  const Registration* registration = family.Registered();
  if (registration == nullptr) {
    if (family.connection().DecidesPrivately()) return DetachedLeases::CountLive(&family, values);
    return NothingDecided(family);
  }
  if (!registration->family) return registration->error;
  if (Result<void> binds = registration->attachment->CheckBinds(); !binds.ok()) {
    family.refusals().Note(binds.error());
    return binds.error();
  }
  Result<std::uint64_t> live =
      registration->attachment->leases.CountLive(*registration->family, values, max_wait_ns);
  if (!live.ok()) family.refusals().Note(live.error());
  return live;
}

bool LeaseBinding::IsHeld(const Lease& lease) {
  return lease.entry_ != nullptr && lease.attachment_ != nullptr &&
         lease.process_generation_ == shm::ForkGuard::Generation();
}

Result<shm::Account> LeaseBinding::Settle(Lease* lease, Attachment& attachment, const shm::LedgerKey& key,
                                          std::uint64_t amount, std::int64_t max_wait_ns) {
  if (lease->attachment_ != &attachment) {
    using Intent = shm::Ledger::Intent;
    const auto no_limit = [](std::uint32_t) { return std::nullopt; };
    // Recorded first: after an error the reservation must still be there.
    const Result<shm::Ledger::Decision> recorded = attachment.ledger.Spend(
        key, amount, amount > 0 ? Intent::kRecord : Intent::kAsk, no_limit, max_wait_ns);
    if (!recorded.ok()) return recorded.error();
    lease->release();
    return recorded->account;
  }
  const shm::HeldLease held{static_cast<shm::layout::LeaseEntry*>(lease->entry_), lease->lease_generation_};
  Result<shm::Account> settled = attachment.ledger.Settle(key, held, amount, max_wait_ns);
  if (!settled.ok()) return settled;
  lease->entry_ = nullptr;
  attachment.DropLease();
  return settled;
}

}  // namespace shmetrics::internal

#include "shmetrics/lease.h"

#include <utility>

#include "client-lib/binding/connection.h"
#include "client-lib/binding/detached_leases.h"
#include "client-lib/binding/family_binding.h"
#include "client-lib/binding/guarded.h"
#include "client-lib/binding/lease_binding.h"
#include "shm/base/fork_guard.h"
#include "shm/base/out_of_memory.h"

namespace shmetrics {
namespace {

using internal::DetachedLeases;
using internal::LeaseBinding;
using internal::MaxWaitNs;

}  // namespace

Lease::Lease(Lease&& other) noexcept
    : attachment_(other.attachment_),
      entry_(std::exchange(other.entry_, nullptr)),
      lease_generation_(other.lease_generation_),
      process_generation_(other.process_generation_),
      ttl_ns_(other.ttl_ns_) {}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  release();
  attachment_ = other.attachment_;
  entry_ = std::exchange(other.entry_, nullptr);
  lease_generation_ = other.lease_generation_;
  process_generation_ = other.process_generation_;
  ttl_ns_ = other.ttl_ns_;
  return *this;
}

Lease::~Lease() { release(); }

bool Lease::renew() noexcept {
  if (entry_ == nullptr || process_generation_ != shm::ForkGuard::Generation()) return false;
  if (attachment_ == nullptr) return DetachedLeases::Renew(lease_generation_, ttl_ns_);
  return shm::Leases::Renew({static_cast<shm::layout::LeaseEntry*>(entry_), lease_generation_}, ttl_ns_);
}

bool Lease::release() noexcept {
  auto* entry = static_cast<shm::layout::LeaseEntry*>(std::exchange(entry_, nullptr));
  if (entry == nullptr || process_generation_ != shm::ForkGuard::Generation()) return false;
  if (attachment_ == nullptr) return DetachedLeases::Release(lease_generation_);
  const bool was_live = attachment_->leases.Release({entry, lease_generation_});
  attachment_->DropLease();
  return was_live;
}

bool Lease::live() const noexcept {
  if (entry_ == nullptr || process_generation_ != shm::ForkGuard::Generation()) return false;
  if (attachment_ == nullptr) return DetachedLeases::IsLive(lease_generation_);
  return shm::Leases::IsLive({static_cast<shm::layout::LeaseEntry*>(entry_), lease_generation_});
}

LeaseGaugeFamily::LeaseGaugeFamily(internal::FamilyBinding* binding) noexcept : Family(binding) {
  binding->Register();  // so that the family is known before its first lease
}

Result<Lease> LeaseGaugeFamily::try_acquire(std::span<const std::string_view> values,
                                            const LeaseOptions& options) const noexcept {
  return internal::Guarded([&] { return LeaseBinding::Acquire(*binding_, values, options); },
                           [&] { return LeaseBinding::NoMemory(*binding_); });
}

Result<Lease> LeaseGaugeFamily::try_acquire(std::initializer_list<std::string_view> values,
                                            const LeaseOptions& options) const noexcept {
  return try_acquire(std::span(values.begin(), values.size()), options);
}

Result<std::uint64_t> LeaseGaugeFamily::live(std::span<const std::string_view> values,
                                             std::optional<Duration> max_wait) const noexcept {
  return internal::Guarded([&] { return LeaseBinding::CountLive(*binding_, values, MaxWaitNs(max_wait)); },
                           [&] { return LeaseBinding::NoMemory(*binding_); });
}

Result<std::uint64_t> LeaseGaugeFamily::live(std::initializer_list<std::string_view> values,
                                             std::optional<Duration> max_wait) const noexcept {
  return live(std::span(values.begin(), values.size()), max_wait);
}

}  // namespace shmetrics

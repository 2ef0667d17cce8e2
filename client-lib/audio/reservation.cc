#include <utility>

#include "client-lib/audio/quota_impl.h"
#include "client-lib/binding/detached_ledger.h"
#include "client-lib/binding/guarded.h"
#include "client-lib/binding/lease_binding.h"
#include "shm/base/out_of_memory.h"
#include "shmetrics/audio_reservation.h"

namespace shmetrics::audio {

Reservation::Reservation(Reservation&& other) noexcept
    : quota_(std::exchange(other.quota_, nullptr)),
      lease_(std::move(other.lease_)),
      private_(std::exchange(other.private_, 0)),
      user_(std::move(other.user_)),
      tier_(other.tier_) {}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  if (this == &other) return *this;
  cancel();
  quota_ = std::exchange(other.quota_, nullptr);
  lease_ = std::move(other.lease_);
  private_ = std::exchange(other.private_, 0);
  user_ = std::move(other.user_);
  tier_ = other.tier_;
  return *this;
}

Reservation::~Reservation() { cancel(); }

MinutesResult Reservation::settle(double minutes, std::optional<Duration> max_wait) noexcept {
  const auto settle = [&]() -> MinutesResult {
    if (quota_ == nullptr) return Error{ErrorCode::kEnded, "there is no reservation"};
    return static_cast<Quota::Impl*>(quota_)->Settle(&lease_, &private_, user_, tier_, minutes,
                                                     internal::MaxWaitNs(max_wait));
  };
  return internal::Guarded(settle, shm::OutOfMemory);
}

bool Reservation::cancel() noexcept {
  if (private_ == 0) return lease_.release();
  const std::uint64_t number = std::exchange(private_, 0);
  return internal::Guarded([&] { return internal::DetachedLedger::Cancel(number); }, [] { return false; });
}

bool Reservation::active() const noexcept {
  if (private_ == 0) return lease_.live();
  return internal::Guarded([&] { return internal::DetachedLedger::IsLive(private_); }, [] { return false; });
}

}  // namespace shmetrics::audio

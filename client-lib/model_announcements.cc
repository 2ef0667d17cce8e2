#include "client-lib/model_announcements.h"

#include <memory>
#include <utility>

#include "client-lib/user_id.h"
#include "shm/fork_guard.h"

namespace shmetrics::audio {
namespace {

std::uint64_t PlaceOf(const internal::Attachment* attachment) {
  // Addresses keep clear of the upper 16 bits, and of their lowest.
  return reinterpret_cast<std::uintptr_t>(attachment) ^ (shm::ForkGuard::Generation() << 48U) ^ 1U;
}

}  // namespace

Result<void> ModelAnnouncements::Announce(const LeaseGaugeFamily& family,
                                          const internal::Attachment* attachment, std::string_view model) {
  if (Result<void> checked = CheckUserId(model, "model"); !checked.ok()) return checked;
  Announcement* announcement = FindOrAdd(model);
  const std::uint64_t place = PlaceOf(attachment);
  // Of several threads the one that changes the word announces.
  if (announcement->place.exchange(place, std::memory_order_acq_rel) == place) return {};
  Result<Lease> lease = family.try_acquire({model});
  if (lease.ok()) {
    announcement->lease = std::move(lease.value());
    return {};
  }
  announcement->place.store(0,
                            std::memory_order_release);  // the next call tries again; pairs with the exchange
  return lease.error();
}

ModelAnnouncements::Announcement* ModelAnnouncements::FindOrAdd(std::string_view model) {
  Announcement* first = first_.load(std::memory_order_acquire);  // pairs with the exchange below
  std::unique_ptr<Announcement> made;
  for (Announcement* searched = nullptr;;) {
    for (Announcement* known = first; known != searched; known = known->next) {
      if (known->model == model) return known;
    }
    if (made == nullptr) made = std::make_unique<Announcement>(std::string(model));
    made->next = searched = first;
    if (first_.compare_exchange_strong(first, made.get(), std::memory_order_acq_rel)) return made.release();
  }
}

}  // namespace shmetrics::audio

#include "client-lib/audio/model_announcements.h"

#include <chrono>
#include <memory>
#include <utility>

#include "client-lib/audio/user_id.h"
#include "shm/base/fork_guard.h"

namespace shmetrics::audio {

Result<void> ModelAnnouncements::Announce(const LeaseGaugeFamily& family,
                                          const internal::Attachment* attachment, std::string_view model,
                                          std::int64_t max_wait_ns) {
  if (Result<void> checked = CheckUserId(model, "model"); !checked.ok()) return checked;
  Announcement* announcement = FindOrAdd(model);
  const std::uint64_t announced = 2 * shm::ForkGuard::Generation(), in_progress = announced + 1;
  std::uint64_t seen = announcement->state.load(std::memory_order_acquire);  // pairs with the store below
  if (seen == announced && attachment != nullptr &&
      announcement->place.load(std::memory_order_acquire) == attachment)
    return {};
  if (seen == in_progress ||
      !announcement->state.compare_exchange_strong(seen, in_progress, std::memory_order_acq_rel)) {
    return Error{ErrorCode::kBusy, "another thread is announcing model \"" + std::string(model) + "\""};
  }
  Result<Lease> lease = family.try_acquire({model}, {.max_wait = std::chrono::nanoseconds(max_wait_ns)});
  if (lease.ok()) announcement->lease = std::move(lease.value());
  // pairs with the loads above
  announcement->place.store(lease.ok() ? attachment : nullptr, std::memory_order_release);
  announcement->state.store(announced, std::memory_order_release);
  return lease.ok() ? Result<void>() : lease.error();
}

bool ModelAnnouncements::Follow(const LeaseGaugeFamily& family, const internal::Attachment* attachment,
                                std::int64_t max_wait_ns) {
  const std::uint64_t announced = 2 * shm::ForkGuard::Generation();
  bool is_done = true;
  // pairs with the exchange in FindOrAdd()
  for (Announcement* known = first_.load(std::memory_order_acquire); known != nullptr; known = known->next) {
    if (known->state.load(std::memory_order_acquire) == announced) {
      is_done = Announce(family, attachment, known->model, max_wait_ns).ok() && is_done;
    }
  }
  return is_done;
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

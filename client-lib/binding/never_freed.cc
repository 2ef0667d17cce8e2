#include "client-lib/binding/never_freed.h"

#include <atomic>
#include <new>

namespace shmetrics::internal {
namespace {

struct Kept {
  const void* object;
  Kept* next;
};
constinit std::atomic<Kept*> all_kept{nullptr};

}  // namespace

void KeepNeverFreed(const void* object) noexcept {
  if (object == nullptr) return;
  auto* kept = new (std::nothrow) Kept{object, nullptr};
  if (kept == nullptr) return;
  kept->next = all_kept.load(std::memory_order_relaxed);  // no order needed: nobody reads the list
  // no order needed: as above
  while (!all_kept.compare_exchange_weak(kept->next, kept, std::memory_order_relaxed)) {
  }
}

}  // namespace shmetrics::internal

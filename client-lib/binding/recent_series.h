#ifndef SHMETRICS_CLIENT_LIB_BINDING_RECENT_SERIES_H_
#define SHMETRICS_CLIENT_LIB_BINDING_RECENT_SERIES_H_

#include <sched.h>

#include <atomic>
#include <cstdint>

#include "shm/layout/layout.h"

namespace shmetrics::internal {

/// The series looked up last, for each CPU and family. Looking up the same one again and again then needs no
/// hash and no chain. One for each CPU, because threads that look up different series would take a common
/// word from each other's caches, at ten times the cost that this saves.
///
/// It is only a guess: the slot may hold a series of another family or segment. Directory::IsSeries checks
/// it. The answer stays true, because records are never removed and segments never unmapped.
class RecentSeries {
 public:
  class Slot {
   public:
    /// The series found the last two times; null if they were not the same. Where keys are random, a guess
    /// would always be wrong and cost a sixth of a look-up.
    shm::layout::SeriesRecord* Guess() const {
      const std::uintptr_t word = word_.load(std::memory_order_acquire);  // pairs with Note()
      return (word & kTwice) != 0 ? reinterpret_cast<shm::layout::SeriesRecord*>(word - kTwice) : nullptr;
    }
    void Note(shm::layout::SeriesRecord* found) {
      const auto word = reinterpret_cast<std::uintptr_t>(found);
      const std::uintptr_t before = word_.load(std::memory_order_relaxed);  // no order needed: only compared
      // pairs with Guess()
      word_.store((before & ~kTwice) == word ? word | kTwice : word, std::memory_order_release);
    }

   private:
    static constexpr std::uintptr_t kTwice = 1;
    static_assert(alignof(shm::layout::SeriesRecord) > kTwice);
    std::atomic<std::uintptr_t> word_{0};  ///< a pointer to a series, plus kTwice
  };

  Slot& Of(shm::layout::Ref family) {
    const auto cpu = static_cast<std::uint32_t>(sched_getcpu());
    return cpus_[cpu % kCpus].families[family % kFamilies];
  }

 private:
  static constexpr std::uint32_t kCpus = 64;  ///< on larger machines some CPUs share
  static constexpr std::uint32_t kFamilies = 8;
  struct alignas(64) Cpu {
    Slot families[kFamilies];
  };
  Cpu cpus_[kCpus]{};
};

/// One for the process. It has 4 KiB, which the kernel provides when something is looked up first.
inline constinit RecentSeries recent_series;

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_BINDING_RECENT_SERIES_H_

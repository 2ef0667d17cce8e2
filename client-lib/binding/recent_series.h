#ifndef SHMETRICS_CLIENT_LIB_BINDING_RECENT_SERIES_H_
#define SHMETRICS_CLIENT_LIB_BINDING_RECENT_SERIES_H_

#include <sched.h>

#include <atomic>
#include <cstdint>

#include "shm/layout/layout.h"

namespace shmetrics::internal {

/// The series that were looked up last, by the CPU and the family they were looked up for: who asks for the same one again
/// and again needs no hash and no chain. By CPU, because threads that ask for different ones would take a common word from
/// each other's caches, at ten times what it saves.
///
/// A guess, no more: another family's may be there, or one of another segment. Directory::IsSeries says whether it is right,
/// and stays right, because records are never removed and segments never unmapped.
class RecentSeries {
 public:
  class Slot {
   public:
    /// What was found the last two times; null if that was not one series. Where keys are random, a guess that is always
    /// wrong would cost a sixth of a look-up.
    shm::layout::SeriesRecord* Guess() const {
      const std::uintptr_t word = word_.load(std::memory_order_acquire);  // pairs with Note()
      return (word & kTwice) != 0 ? reinterpret_cast<shm::layout::SeriesRecord*>(word - kTwice) : nullptr;
    }
    void Note(shm::layout::SeriesRecord* found) {
      const auto word = reinterpret_cast<std::uintptr_t>(found);
      const std::uintptr_t before = word_.load(std::memory_order_relaxed);  // no order needed: only compared
      word_.store((before & ~kTwice) == word ? word | kTwice : word,
                  std::memory_order_release);  // pairs with Guess()
    }

   private:
    static constexpr std::uintptr_t kTwice = 1;
    static_assert(alignof(shm::layout::SeriesRecord) > kTwice);
    std::atomic<std::uintptr_t> word_{0};  ///< a pointer to a series, and kTwice
  };

  Slot& Of(shm::layout::Ref family) {
    const auto cpu = static_cast<std::uint32_t>(sched_getcpu());
    return cpus_[cpu % kCpus].families[family % kFamilies];
  }

 private:
  static constexpr std::uint32_t kCpus = 64;  ///< on larger machines some share
  static constexpr std::uint32_t kFamilies = 8;
  struct alignas(64) Cpu {
    Slot families[kFamilies];
  };
  Cpu cpus_[kCpus]{};
};

/// One for the process: 4 KiB, of which a page is there when something is looked up.
inline constinit RecentSeries recent_series;

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_BINDING_RECENT_SERIES_H_

#ifndef SHMETRICS_SHM_PROCESSOR_H_
#define SHMETRICS_SHM_PROCESSOR_H_

// What needs other instructions on each processor, except the restartable sequences of cpu_cells.h. Compiled
// into the application, as cells.h is.

#include <cstdint>

#include "needs_cpp20.h"

#if !defined(__x86_64__) && !defined(__aarch64__)
#error "shmetrics is written for x86-64 and AArch64"
#endif

namespace shmetrics::shm {

/// An address that differs between the living threads of a process.
inline std::uintptr_t ThreadPointer() {
  std::uintptr_t thread_pointer;
#if defined(__x86_64__)
  asm("{movq %%fs:0, %0|mov %0, qword ptr fs:0}" : "=r"(thread_pointer));  // AT&T's syntax or Intel's
#else
  asm("mrs %0, tpidr_el0" : "=r"(thread_pointer));
#endif
  return thread_pointer;
}

/// A 16-byte compare-and-swap on an aligned cell, acquire and release. On failure `expected` receives what
/// was there, both halves from one moment. A process killed inside it has swapped or not. Written as assembly
/// because g++ 12 would call libatomic, which an application may not link.
inline bool CompareExchange16(void* cell, std::uint64_t expected[2], const std::uint64_t desired[2]) {
#if defined(__x86_64__)
  bool swapped;
  asm volatile("lock cmpxchg16b %1"
               : "=@ccz"(swapped), "+m"(*static_cast<std::uint64_t(*)[2]>(cell)), "+a"(expected[0]),
                 "+d"(expected[1])
               : "b"(desired[0]), "c"(desired[1])
               : "memory");
  return swapped;
#else
  // ldaxp may load the two halves of a pair at different moments. Only a store-exclusive that succeeds proves
  // that they are from one moment. So if they differ from `expected`, they are stored back. The compiler must
  // not put an access of its own between the two, or they might never succeed.
  std::uint64_t seen[2];
  std::uint32_t failed;
  asm volatile(
      "1: ldaxp %[seen0], %[seen1], %[cell]\n"
      "cmp %[seen0], %[expected0]\n"
      "ccmp %[seen1], %[expected1], #0, eq\n"
      "b.ne 2f\n"
      "stlxp %w[failed], %[desired0], %[desired1], %[cell]\n"
      "cbnz %w[failed], 1b\n"
      "b 3f\n"
      "2: stlxp %w[failed], %[seen0], %[seen1], %[cell]\n"
      "cbnz %w[failed], 1b\n"
      "3:"
      : [seen0] "=&r"(seen[0]), [seen1] "=&r"(seen[1]), [failed] "=&r"(failed),
        [cell] "+Q"(*static_cast<std::uint64_t(*)[2]>(cell))
      : [expected0] "r"(expected[0]), [expected1] "r"(expected[1]), [desired0] "r"(desired[0]),
        [desired1] "r"(desired[1])
      : "cc", "memory");
  const bool swapped = seen[0] == expected[0] && seen[1] == expected[1];
  expected[0] = seen[0];
  expected[1] = seen[1];
  return swapped;
#endif
}

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_PROCESSOR_H_

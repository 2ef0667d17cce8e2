#ifndef SHMETRICS_SHM_CPU_CELLS_H_
#define SHMETRICS_SHM_CPU_CELLS_H_

// Cells of one CPU: additions by restartable sequences (rseq), which cost about as much as a plain addition and are exact
// all the same. The idea is librseq's and tcmalloc's.
//
// A sequence reads which CPU it runs on, and ends in one store to the stripe of that CPU. If the kernel preempts, moves
// or signals the thread between the two, it goes on at the abort label: nothing has been stored. So no two threads are
// ever inside a sequence of one CPU, in no process, and a plain load, addition and store lose nothing. That holds only
// among sequences: whoever adds to such a cell by other means makes updates be lost (7.7-11.8 % when forced).
//
// Each function says whether it has added. It has not
//   - where the thread has no rseq (valgrind, glibc.pthread.rseq=0): its CPU number is then beyond every limit;
//   - on a CPU beyond the stripes, or with no stripes at all, which is how SHMETRICS_RSEQ=off is heard;
//   - after a few aborts in a row: a debugger that steps through a sequence makes it abort each time, for ever.
// The caller then adds to an atomic stripe. Under ThreadSanitizer, which does not know sequences, and for other
// processors than x86-64 that is always so.
//
// Included into the application, as cells.h is. Killed at any instruction, a sequence has stored all or nothing: it ends
// in one instruction. Async-signal-safe: a handler's own sequence makes the interrupted one begin again.

#include <cstdint>

#if defined(__SANITIZE_THREAD__)
#define SHMETRICS_HAS_RSEQ 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define SHMETRICS_HAS_RSEQ 0
#endif
#endif
#if !defined(SHMETRICS_HAS_RSEQ)
#if defined(__x86_64__) && __has_include(<sys/rseq.h>)
#define SHMETRICS_HAS_RSEQ 1
#else
#define SHMETRICS_HAS_RSEQ 0
#endif
#endif

#if SHMETRICS_HAS_RSEQ
#include <sys/rseq.h>

#include <cstddef>

// What every sequence begins and ends with. It leaves %rax as the distance between the first CPU's stripe and this CPU's.
//
//   3: the descriptor: where the sequence is and where it goes on when it is aborted. In the group of the function ("?"),
//      or the linker would keep descriptors of inline functions that it has dropped.
//   1: from here on the kernel watches, because %fs:rseq_cs has led to the descriptor since the store before.
//      The CPU number is unsigned: without rseq it is -1 or -2, which is above every limit.
//   2: behind the store that counts. The thread forgets the descriptor, which may be in a plugin that is unloaded later: the
//      kernel would follow it at the next preemption, and kill the process.
//   4: the abort label, behind the signature that glibc has registered. The kernel has made the thread forget. Within the
//      function, because a signal in a sequence says that it came here: elsewhere no handler could unwind the stack.
#define SHMETRICS_RSEQ_BEGIN                                                                            \
  ".pushsection __rseq_cs,\"aw?\"\n .balign 32\n 3:\n .long 0, 0\n .quad 1f, 2f-1f, 4f\n .popsection\n" \
  "leaq 3b(%%rip), %%rax\n movq %%rax, %%fs:%c[cs](%[rseq])\n"                                          \
  "1:\n movl %%fs:%c[cpu](%[rseq]), %%eax\n cmpl %[stripes], %%eax\n jae %l[elsewhere]\n"               \
  "shlq $12, %%rax\n"
#define SHMETRICS_RSEQ_END                        \
  "2:\n movq $0, %%fs:%c[cs](%[rseq])\n jmp 5f\n" \
  "ud1 %c[signature](%%rip), %%edi\n 4:\n jmp %l[aborted]\n 5:\n"
#define SHMETRICS_RSEQ_INPUTS                                                                      \
  [rseq] "r"(__rseq_offset), [stripes] "r"(cpu_stripes), [cs] "i"(offsetof(struct rseq, rseq_cs)), \
      [cpu] "i"(offsetof(struct rseq, cpu_id)), [signature] "i"(RSEQ_SIG)
#endif

namespace shmetrics::shm {

inline constexpr int kMaxRseqAborts = 16;

#if SHMETRICS_HAS_RSEQ
/// Where a sequence is left before its end, by the thread itself; see label 2.
inline void ForgetSequence() {
  asm volatile("movq $0, %%fs:%c[cs](%[rseq])"
               :
               : [rseq] "r"(__rseq_offset), [cs] "i"(offsetof(struct rseq, rseq_cs))
               : "memory");
}
#endif

/// Adds n to the integer cell of this CPU. `first` is the cell in the stripe of CPU 0, the first of `cpu_stripes`.
inline bool AddOnCpu([[maybe_unused]] std::uint64_t* first, [[maybe_unused]] std::uint32_t cpu_stripes,
                     [[maybe_unused]] std::uint64_t n) {
#if SHMETRICS_HAS_RSEQ
  for (int i = 0; i < kMaxRseqAborts; i++) {
    asm goto(SHMETRICS_RSEQ_BEGIN "addq %[n], (%[first], %%rax)\n" SHMETRICS_RSEQ_END
             :
             : SHMETRICS_RSEQ_INPUTS, [first] "r"(first), [n] "er"(n)
             : "memory", "cc", "rax"
             : aborted, elsewhere);
    return true;
  aborted:;
  }
  return false;
elsewhere:
  ForgetSequence();
#endif
  return false;
}

/// The same for a cell that holds the bits of a double.
inline bool AddFractionOnCpu([[maybe_unused]] std::uint64_t* first,
                             [[maybe_unused]] std::uint32_t cpu_stripes, [[maybe_unused]] double n) {
#if SHMETRICS_HAS_RSEQ
  for (int i = 0; i < kMaxRseqAborts; i++) {
    asm goto(SHMETRICS_RSEQ_BEGIN
             "movsd (%[first], %%rax), %%xmm0\n addsd %[n], %%xmm0\n movsd %%xmm0, (%[first], %%rax)\n"  //
             SHMETRICS_RSEQ_END
             :
             : SHMETRICS_RSEQ_INPUTS, [first] "r"(first), [n] "x"(n)
             : "memory", "cc", "rax", "xmm0"
             : aborted, elsewhere);
    return true;
  aborted:;
  }
  return false;
elsewhere:
  ForgetSequence();
#endif
  return false;
}

/// Adds one observation to the 16-byte cell {count, sum}, by one 16-byte store. A reader on another CPU sees such a store
/// whole where there is AVX (Intel and AMD say so); where there is none, `cpu_stripes` has to be 0.
inline bool AddObservationOnCpu([[maybe_unused]] void* first, [[maybe_unused]] std::uint32_t cpu_stripes,
                                [[maybe_unused]] double value) {
#if SHMETRICS_HAS_RSEQ
  for (int i = 0; i < kMaxRseqAborts; i++) {
    asm goto(SHMETRICS_RSEQ_BEGIN
             "addq %[first], %%rax\n"
             "movq (%%rax), %%rcx\n incq %%rcx\n movq %%rcx, %%xmm0\n"
             "movsd 8(%%rax), %%xmm1\n addsd %[value], %%xmm1\n punpcklqdq %%xmm1, %%xmm0\n"
             "movdqa %%xmm0, (%%rax)\n"  //
             SHMETRICS_RSEQ_END
             :
             : SHMETRICS_RSEQ_INPUTS, [first] "r"(first), [value] "x"(value)
             : "memory", "cc", "rax", "rcx", "xmm0", "xmm1"
             : aborted, elsewhere);
    return true;
  aborted:;
  }
  return false;
elsewhere:
  ForgetSequence();
#endif
  return false;
}

}  // namespace shmetrics::shm

#if SHMETRICS_HAS_RSEQ
#undef SHMETRICS_RSEQ_BEGIN
#undef SHMETRICS_RSEQ_END
#undef SHMETRICS_RSEQ_INPUTS
#endif
#undef SHMETRICS_HAS_RSEQ

#endif  // SHMETRICS_SHM_CPU_CELLS_H_

#ifndef SHMETRICS_SHM_CPU_CELLS_H_
#define SHMETRICS_SHM_CPU_CELLS_H_

// Cells of one CPU: additions by restartable sequences (rseq). They cost about as much as a plain addition,
// and lose nothing. The idea is librseq's and tcmalloc's.
//
// A sequence reads which CPU it runs on, and ends in one store to the stripe of that CPU. If the kernel
// preempts, moves or signals the thread between the two, it goes on at the abort label: nothing has been
// stored. So two threads, of whatever processes, are never both inside a sequence on one CPU, and a plain
// load, addition and store lose nothing. That holds only among sequences: if anything else adds to such a
// cell, updates are lost (7.7-11.8 % when forced).
//
// Each function returns true if it has added. It has not
//   - if the thread has no rseq (valgrind, glibc.pthread.rseq=0): its CPU number is then above every limit;
//   - on a CPU beyond the stripes, or with no stripes at all, which is how SHMETRICS_RSEQ=off works;
//   - after several aborts in a row: a debugger that steps through a sequence makes it abort each time;
//   - if this copy of the sequence is not where its descriptor says: see label 7.
// The caller then adds to an atomic stripe. That is always so under ThreadSanitizer, which does not know
// sequences, and on processors other than x86-64.
//
// Compiled into the application, as cells.h is. A sequence killed at any instruction has stored all or
// nothing, because it ends in one store. Async-signal-safe: a handler's own sequence makes the interrupted
// one begin again.

#include <cstdint>

#include "needs_cpp20.h"

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

// What every sequence begins and ends with. It leaves %rax as the distance from the first CPU's stripe to
// this CPU's, and keeps __rseq_offset in %rdx.
//
//   3: The descriptor: where the sequence is, and where it goes on when it is aborted. It is in the section
//      group of the function ("?"), or the linker would keep descriptors of inline functions it has dropped.
//   6: __rseq_offset once this inlined copy of the sequence was found right (see 7), else 0. The offset is
//      never 0: there the thread pointer stands. A sequence has to load it anyway, so asking costs no load.
//      Writer: any thread that finds the copy right; all write the same value.
//   9: From here on the kernel watches, because the store before has set %fs:rseq_cs to the descriptor.
//      The CPU number is unsigned: without rseq it is -1 or -2, which is above every limit.
//   2: After the store that counts. The thread forgets the descriptor, because it may be in a plugin that is
//      unloaded later: the kernel would follow it at the next preemption, and kill the process.
//   4: The abort label, behind the signature that glibc has registered. The kernel has made the thread forget
//      the descriptor. The label is within the function, because a signal in a sequence appears to have
//      interrupted this place: elsewhere no handler could unwind the stack.
//   7: Is the sequence where its descriptor says? A tool that rewrites a linked program (llvm-bolt) moves the
//      code, but leaves the addresses in descriptors as they were. The kernel would then see the thread
//      outside of its sequence and not abort it: half of all observations were lost, and nobody was told. Or
//      the kernel would find no signature, and kill the process. Only the inlined copy itself can tell: the
//      old code may still be in its place, and whole. Such a tool does correct the addresses of labels in
//      instructions, so each copy compares those with its descriptor, once: start, length, abort label, and
//      the signature before it. A copy that is right remembers that, and begins again. One that is not asks
//      at each addition, and the caller adds to an atomic stripe. Until a copy was found right it sets no
//      descriptor, so the kernel never sees a wrong one. Functions that were left in their place go on.
//
// No label is 1, because clang reads 1b as a binary number in a program compiled with -masm=intel.
// "{a|b}" is a for most programs, and b for one compiled with -masm=intel. There registers come without
// their %, and the assembler has to be told that this text is in the other syntax.
#define SHMETRICS_RSEQ_BEGIN                                                                            \
  "{|.att_syntax prefix\n}"                                                                             \
  ".pushsection __rseq_cs,\"aw?\"\n .balign 32\n 3:\n .long 0, 0\n .quad 9f, 2f-9f, 4f\n .popsection\n" \
  ".pushsection shmetrics_rseq_checked,\"aw?\"\n .balign 8\n 6:\n .quad 0\n .popsection\n"              \
  "8:\n movq 6b(%%rip), %%rdx\n testq %%rdx, %%rdx\n jz 7f\n"                                           \
  "leaq 3b(%%rip), %%rax\n movq %%rax, %%fs:%c[cs](%%rdx)\n"                                            \
  "9:\n movl %%fs:%c[cpu](%%rdx), %%eax\n cmpl {|%%}%[stripes], %%eax\n jae %l[elsewhere]\n"            \
  "{shlq $12, %%rax|.intel_syntax noprefix\n shl rax, 12\n .att_syntax prefix}\n"
#define SHMETRICS_RSEQ_END                                                                             \
  "2:\n {movq $0, %%fs:%c[cs](%%rdx)|.intel_syntax noprefix\n mov qword ptr fs:%c[cs][rdx], 0\n "      \
  ".att_syntax prefix}\n jmp 5f\n"                                                                     \
  "ud1 %c[signature](%%rip), %%edi\n 4:\n jmp %l[aborted]\n"                                           \
  "7:\n leaq 9b(%%rip), %%rax\n cmpq 3b+8(%%rip), %%rax\n jne %l[elsewhere]\n"                         \
  "leaq 2b(%%rip), %%rax\n subq 3b+8(%%rip), %%rax\n cmpq 3b+16(%%rip), %%rax\n jne %l[elsewhere]\n"   \
  "leaq 4b(%%rip), %%rax\n cmpq 3b+24(%%rip), %%rax\n jne %l[elsewhere]\n"                             \
  "{cmpl $%c[signature], -4(%%rax)|.intel_syntax noprefix\n cmp dword ptr [rax-4], %c[signature]\n "   \
  ".att_syntax prefix}\n jne %l[elsewhere]\n"                                                          \
  "movq __rseq_offset@GOTPCREL(%%rip), %%rax\n movq (%%rax), %%rax\n movq %%rax, 6b(%%rip)\n jmp 8b\n" \
  "5:\n{|.intel_syntax noprefix\n}"
#define SHMETRICS_RSEQ_INPUTS                                           \
  [stripes] "r"(cpu_stripes), [cs] "i"(offsetof(struct rseq, rseq_cs)), \
      [cpu] "i"(offsetof(struct rseq, cpu_id)), [signature] "i"(RSEQ_SIG)
#endif

namespace shmetrics::shm {

inline constexpr int kMaxRseqAborts = 16;

#if SHMETRICS_HAS_RSEQ
/// For a thread that leaves a sequence before its end; see label 2.
inline void ForgetSequence() {
  asm volatile("{movq $0, %%fs:%c[cs](%[rseq])|mov qword ptr fs:%c[cs][%[rseq]], 0}"
               :
               : [rseq] "r"(__rseq_offset), [cs] "i"(offsetof(struct rseq, rseq_cs))
               : "memory");
}
#endif

/// Adds n to the integer cell of this CPU. `first` is the cell in the stripe of CPU 0. There are
/// `cpu_stripes` stripes.
inline bool AddOnCpu([[maybe_unused]] std::uint64_t* first, [[maybe_unused]] std::uint32_t cpu_stripes,
                     [[maybe_unused]] std::uint64_t n) {
#if SHMETRICS_HAS_RSEQ
  for (int i = 0; i < kMaxRseqAborts; i++) {
    asm goto(SHMETRICS_RSEQ_BEGIN
             "{addq %[n], (%[first], %%rax)|.intel_syntax noprefix\n add qword ptr [%[first] + rax], %[n]\n "
             ".att_syntax prefix}\n" SHMETRICS_RSEQ_END
             :
             : SHMETRICS_RSEQ_INPUTS, [first] "r"(first), [n] "er"(n)
             : "memory", "cc", "rax", "rdx"
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
             "movsd ({|%%}%[first], %%rax), %%xmm0\n addsd {|%%}%[n], %%xmm0\n movsd %%xmm0, ({|%%}%[first], "
             "%%rax)\n"  //
             SHMETRICS_RSEQ_END
             :
             : SHMETRICS_RSEQ_INPUTS, [first] "r"(first), [n] "x"(n)
             : "memory", "cc", "rax", "rdx", "xmm0"
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

/// Adds one observation to the 16-byte cell {count, sum}, by one 16-byte store. On processors with AVX a
/// reader on another CPU sees such a store whole (Intel and AMD say so). Without AVX, `cpu_stripes` must be
/// 0.
inline bool AddObservationOnCpu([[maybe_unused]] void* first, [[maybe_unused]] std::uint32_t cpu_stripes,
                                [[maybe_unused]] double value) {
#if SHMETRICS_HAS_RSEQ
  for (int i = 0; i < kMaxRseqAborts; i++) {
    asm goto(SHMETRICS_RSEQ_BEGIN
             "movq ({|%%}%[first], %%rax), %%rcx\n incq %%rcx\n movq %%rcx, %%xmm0\n"
             "movsd 8({|%%}%[first], %%rax), %%xmm1\n addsd {|%%}%[value], %%xmm1\n"
             "punpcklqdq %%xmm1, %%xmm0\n movdqa %%xmm0, ({|%%}%[first], %%rax)\n"  //
             SHMETRICS_RSEQ_END
             :
             : SHMETRICS_RSEQ_INPUTS, [first] "r"(first), [value] "x"(value)
             : "memory", "cc", "rax", "rdx", "rcx", "xmm0", "xmm1"
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

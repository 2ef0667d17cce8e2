#ifndef SHMETRICS_SHM_CELLS_H_
#define SHMETRICS_SHM_CELLS_H_

// Cells: the shared words that counters and histograms add to, and the stripes they stand in.
//
// This header and those it includes are compiled into the application, so that an increment is a few
// instructions and not a call (an out-of-line call alone costs 4.5-8 ns).
//
//   a block of cells in the segment, `stripe_count` pages of 4,096 bytes:
//
//   +-----------+-----------+-----------+-----------+-----------+-----------+----
//   | atomic 0  | atomic 1  | atomic 2  | atomic 3  |   CPU 0   |   CPU 1   | ...
//   +-----------+-----------+-----------+-----------+-----------+-----------+----
//     ^ cell      ^ + 4096    ^ + 8192 ...  one column: the value is the sum down the stripes
//
// Writers: any thread of any process, at any time; nothing is registered and nothing is owned. An atomic
//          stripe is written only by locked instructions. A CPU stripe is written only by restartable
//          sequences running on that CPU: the two must never share a cell, or updates are lost (7.7-11.8 %
//          when forced). The functions that take a Column are the only place that chooses between the two,
//          and ThisThreadsAtomicStripe() the only one that chooses an atomic stripe.
// Readers: cell_reader.cc.
// Invariants: (1) a cell is zero when it is handed out and is never cleared or handed out again, so a counter
//             never goes backwards and a stale handle can never hit another series;
//             (2) all columns of a block have the same stride, so a handle needs the address of one cell.
//
// A process killed at any instruction has either committed an update or not: each ends in a single
// instruction.

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

// Quoted names find these files beside this header, in this repository and where all are installed.
#include "bucket_index.h"
#include "cpu_cells.h"
#include "processor.h"

namespace shmetrics::shm {

inline constexpr std::size_t kStripeBytes = 4096;
static_assert(kStripeBytes == 1U << 12U, "the sequences in cpu_cells.h shift by that");
inline constexpr std::uint32_t kAtomicStripes = 4;
/// More than any host has. Their number fits in 13 bits.
inline constexpr std::uint32_t kMaxCpuStripes = 4'096;

inline constexpr std::uint32_t kLayoutMajor = 1;

/// One bucket of a histogram in one stripe. Count and sum change together, by one 16-byte commit, so that
/// they agree after a kill at any instruction (two stores disagreed in 543 of 1,000 kills).
struct alignas(16) HistogramCell {
  std::uint64_t count;
  double sum;
};
static_assert(sizeof(HistogramCell) == 16);

/// The major number of the layout and the sizes this header builds on, as a caller was compiled with them.
/// Registry::global() hands it to the library, which refuses a caller of another layout instead of letting it
/// write to the wrong places.
inline constexpr std::uint64_t kCallerLayout = std::uint64_t{kLayoutMajor} << 48U |
                                               sizeof(BucketIndex) << 32U | kStripeBytes << 16U |
                                               kAtomicStripes << 8U | sizeof(HistogramCell);

/// Which of the atomic stripes this thread adds to. Any answer is correct; a good one keeps threads apart.
/// The thread pointer differs between living threads of a process and, by address randomisation, between
/// processes; the multiplication spreads it. No thread-local variable: those cost a call in shared libraries
/// and must be torn down.
inline std::uint32_t ThisThreadsAtomicStripe() {
  return static_cast<std::uint32_t>((ThreadPointer() * 0x9E3779B97F4A7C15U) >> 62U);
}
static_assert(kAtomicStripes == 4, "ThisThreadsAtomicStripe keeps two bits");

template <class Cell>
Cell* InStripe(Cell* first, std::uint32_t stripe) {
  return reinterpret_cast<Cell*>(reinterpret_cast<char*>(first) + stripe * kStripeBytes);
}

/// Where a handle's value stands: its first cell in stripe 0, and the number of CPU stripes that this process
/// may add to by restartable sequences. When a sequence does not add, the process adds to an atomic stripe.
template <class Cell>
struct Column {
  Cell* first;
  std::uint32_t cpu_stripes;

  Cell* first_of_cpus() const { return InStripe(first, kAtomicStripes); }
};

/// Adds to an integer counter. `first` is its cell in stripe 0. Async-signal-safe.
inline void AddToCounter(std::uint64_t* first, std::uint64_t n) {
  // no order needed: a counter publishes nothing but itself
  std::atomic_ref<std::uint64_t>(*InStripe(first, ThisThreadsAtomicStripe()))
      .fetch_add(n, std::memory_order_relaxed);
}

inline void AddToCounter(Column<std::uint64_t> column, std::uint64_t n) {
  if (AddOnCpu(column.first_of_cpus(), column.cpu_stripes, n)) [[likely]]
    return;
  AddToCounter(column.first, n);
}

/// Adds to a counter of fractions, whose cells hold the bits of a double. Async-signal-safe: the loop ends as
/// soon as no other thread wins, and an interrupted attempt is simply retried.
inline void AddToFractionalCounter(std::uint64_t* first, double n) {
  std::atomic_ref<std::uint64_t> cell(*InStripe(first, ThisThreadsAtomicStripe()));
  std::uint64_t seen = cell.load(std::memory_order_relaxed);  // no order needed: see AddToCounter
  while (!cell.compare_exchange_weak(seen, std::bit_cast<std::uint64_t>(std::bit_cast<double>(seen) + n),
                                     std::memory_order_relaxed)) {
  }
}

inline void AddToFractionalCounter(Column<std::uint64_t> column, double n) {
  if (AddFractionOnCpu(column.first_of_cpus(), column.cpu_stripes, n)) [[likely]]
    return;
  AddToFractionalCounter(column.first, n);
}

/// Adds one observation to one bucket. `first` is the bucket's cell in stripe 0. Async-signal-safe.
inline void AddToHistogramCell(HistogramCell* first, double value) {
  HistogramCell* cell = InStripe(first, ThisThreadsAtomicStripe());
  // no order needed: a torn first guess only costs one more turn of the loop
  std::uint64_t seen[2] = {
      std::atomic_ref<std::uint64_t>(cell->count).load(std::memory_order_relaxed),
      std::bit_cast<std::uint64_t>(std::atomic_ref<double>(cell->sum).load(std::memory_order_relaxed))};
  std::uint64_t next[2];
  do {
    next[0] = seen[0] + 1;
    next[1] = std::bit_cast<std::uint64_t>(std::bit_cast<double>(seen[1]) + value);
  } while (!CompareExchange16(cell, seen, next));
}

inline void AddToHistogramCell(Column<HistogramCell> column, double value) {
  if (AddObservationOnCpu(column.first_of_cpus(), column.cpu_stripes, value)) [[likely]]
    return;
  AddToHistogramCell(column.first, value);
}

// These look at the bits. The standard functions depend on the flags of the program that includes this
// (-ffast-math), and one NaN would spoil a sum for all processes.
inline bool IsFinite(double value) { return (std::bit_cast<std::uint64_t>(value) >> 52U & 0x7FFU) != 0x7FFU; }
inline bool IsNan(double value) { return std::bit_cast<std::uint64_t>(value) << 1U > 0x7FFULL << 53U; }
inline bool HasSign(double value) { return std::bit_cast<std::uint64_t>(value) >> 63U != 0; }

/// Records `value` in a histogram whose bucket 0 is `column`. NaN counts in the last bucket. NaN and
/// infinities are not added to the sum, because one of them would spoil it for good. Async-signal-safe.
inline void ObserveInHistogram(Column<HistogramCell> column, const BucketIndex& buckets, double value) {
  if (IsFinite(value)) [[likely]] {
    column.first += buckets.BucketOf(value);
    AddToHistogramCell(column, value);
  } else {
    column.first += HasSign(value) && !IsNan(value) ? 0 : buckets.bound_count();
    AddToHistogramCell(column, 0.0);
  }
}

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_CELLS_H_

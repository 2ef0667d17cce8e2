#include "tests/bench/partners.h"

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "tests/bench/pinned.h"
#include "tests/support/child.h"
#include "tests/support/shared_page.h"

namespace shmetrics::bench {
namespace {

constexpr benchmark::IterationCount kBatch = 100'000;  // so long that start and end do not matter

/// What the two sides tell each other. The first writes `turns` and `is_over`, the partner writes
/// `turns_done`.
struct Turns {
  std::atomic<std::uint64_t> turns;
  std::atomic<std::uint64_t> turns_done;
  std::atomic<bool> is_over;
};

/// Waits without sleeping, because waking up takes longer than a batch.
void WaitFor(const std::atomic<std::uint64_t>& word, std::uint64_t value, const std::atomic<bool>& is_over) {
  while (word.load() < value && !is_over.load()) {
  }
}

void BePartner(Turns* turns, const std::function<void(benchmark::IterationCount)>& run) {
  const Pinned to_the_second(UsableCpu(1));
  for (std::uint64_t turn = 1;; turn++) {
    WaitFor(turns->turns, turn, turns->is_over);
    if (turns->is_over.load()) return;
    run(kBatch);
    turns->turns_done.store(turn);
  }
}

}  // namespace

void MeasureTogether(benchmark::State& state, PartnerKind kind,
                     const std::function<void(benchmark::IterationCount)>& run) {
  const testing::SharedPage<Turns> turns;
  std::thread thread;
  std::optional<testing::Child> process;
  if (kind == PartnerKind::kThread) {
    thread = std::thread([&] { BePartner(&*turns, run); });
  } else {
    process.emplace([&] { BePartner(&*turns, run); });
  }
  {
    const Pinned to_the_first(UsableCpu(0));
    std::uint64_t turn = 0;
    while (state.KeepRunningBatch(kBatch)) {
      turn++;
      const auto start = std::chrono::steady_clock::now();
      turns->turns.store(turn);
      run(kBatch);
      WaitFor(turns->turns_done, turn, turns->is_over);
      state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
  }
  turns->is_over.store(true);
  if (thread.joinable()) thread.join();
}

}  // namespace shmetrics::bench

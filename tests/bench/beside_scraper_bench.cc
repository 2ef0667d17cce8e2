// The cost of an increment while the other CPU scrapes all the time: readers never write, but they take the
// writers' cache lines. For comparison, the cost while the other CPU scrapes a segment that nobody writes to.
// Two CPUs of one core, as a virtual machine may have them, always slow each other down.

#include <benchmark/benchmark.h>

#include <atomic>
#include <functional>

#include "tests/bench/pinned.h"
#include "tests/bench/repeat.h"
#include "tests/bench/scraped_segment.h"
#include "tests/support/child.h"
#include "tests/support/shared_page.h"

namespace shmetrics::bench {
namespace {

constexpr std::uint32_t kSeries = 100'000;

ScrapedSegment& Segment() {
  static ScrapedSegment segment(kSeries);
  return segment;
}

[[gnu::noinline]] void IncrementOnce(const Counter& counter) { counter.inc(); }

/// A process on the second CPU that repeats `work`. The constructor returns when it has done it twice; the
/// destructor ends it.
class Beside {
 public:
  explicit Beside(const std::function<void()>& work)
      : process_([&] {
          const Pinned to_the_second(UsableCpu(1));
          for (;; ++*turns_) work();
        }) {
    testing::WaitUntil([&] { return turns_->load() >= 2; });
  }

 private:
  testing::SharedPage<std::atomic<int>> turns_;
  testing::Child process_;
};

void Increment(benchmark::State& state) {
  const Pinned to_the_first(UsableCpu(0));
  const Counter counter = Segment().handles()[kSeries / 2];
  Repeat(state, [&] { IncrementOnce(counter); });
}

/// Increments each series in turn, so that the cache lines that the reader took come back one by one.
void IncrementAll(benchmark::State& state) {
  const Pinned to_the_first(UsableCpu(0));
  const Counter* counters = Segment().handles().data();
  std::uint32_t next = 0;
  Repeat(state, [&] {
    IncrementOnce(counters[next]);
    if (++next == kSeries) next = 0;
  });
}

void Scrape() { benchmark::DoNotOptimize(Segment().Body().data()); }

void ScrapeElsewhere() {
  static ScrapedSegment other(kSeries);
  benchmark::DoNotOptimize(other.Body().data());
}

void BesideWork(benchmark::State& state, void (*increment)(benchmark::State&), void (*work)()) {
  Segment();
  const Beside other(work);
  increment(state);
}

BENCHMARK(Increment)->Name("increment/alone");
BENCHMARK_CAPTURE(BesideWork, , Increment, Scrape)->Name("increment/beside_scraper");
BENCHMARK_CAPTURE(BesideWork, , Increment, ScrapeElsewhere)->Name("increment/beside_other_scraper");
BENCHMARK(IncrementAll)->Name("increment_all/alone");
BENCHMARK_CAPTURE(BesideWork, , IncrementAll, Scrape)->Name("increment_all/beside_scraper");
BENCHMARK_CAPTURE(BesideWork, , IncrementAll, ScrapeElsewhere)->Name("increment_all/beside_other_scraper");

}  // namespace
}  // namespace shmetrics::bench

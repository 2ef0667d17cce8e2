// Adds what tests/consumer/compilers expects, from two threads. The sequences that count are inline, so the
// compiler of the application makes them.

#include <shmetrics/shmetrics.h>

#include <iostream>
#include <thread>

// Where each inlined sequence remembers that it is where its descriptor says (shm/cpu_cells.h). The linker
// makes these names. There is no such place in a program without sequences.
extern "C" __attribute__((weak, visibility("hidden"))) void* __start_shmetrics_rseq_checked[];
extern "C" __attribute__((weak, visibility("hidden"))) void* __stop_shmetrics_rseq_checked[];

int main() {
  auto& registry = shmetrics::Registry::global();
  const auto jobs = registry.counter({.name = "compilers_jobs_total", .help = "Jobs."});
  const auto seconds =
      registry.fractional_counter({.name = "compilers_busy_seconds_total", .help = "Time of jobs."});
  const auto latency = registry.histogram({.name = "compilers_latency_seconds", .help = "Latency."},
                                          shmetrics::buckets::exponential(0.001, 2.0, 14));
  const auto add = [&] {
    for (int i = 0; i < 250'000; i++) {
      jobs.inc();
      seconds.inc(0.5);
      latency.observe(0.25);
    }
  };
  std::thread second(add);
  add();
  second.join();

  const shmetrics::RegistryStatus status = registry.status();
  if (!status.attached) std::cerr << status.error << "\n";
  int found_right = 0;
  for (void** copy = __start_shmetrics_rseq_checked; copy != __stop_shmetrics_rseq_checked; copy++)
    found_right += *copy != nullptr ? 1 : 0;
  std::cout << found_right << " sequences\n";
  return status.attached && status.refusals.empty() ? 0 : 1;
}

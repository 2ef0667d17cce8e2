#ifndef SHMETRICS_TESTS_BENCH_PINNED_H_
#define SHMETRICS_TESTS_BENCH_PINNED_H_

#include <sched.h>

namespace shmetrics::bench {

/// The CPU that the calling thread is on.
inline cpu_set_t ThisCpu() {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(sched_getcpu(), &cpus);
  return cpus;
}

/// The n-th of the CPUs that the calling thread may use; the last one if there are fewer.
inline cpu_set_t UsableCpu(int number) {
  cpu_set_t usable;
  sched_getaffinity(0, sizeof usable, &usable);
  cpu_set_t cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE && number >= 0; cpu++) {
    if (!CPU_ISSET(cpu, &usable)) continue;
    CPU_ZERO(&cpus);
    CPU_SET(cpu, &cpus);
    number--;
  }
  return cpus;
}

/// Pins this thread to the given CPUs for the lifetime of this object.
class Pinned {
 public:
  explicit Pinned(const cpu_set_t& cpus) {
    sched_getaffinity(0, sizeof before_, &before_);
    sched_setaffinity(0, sizeof cpus, &cpus);
  }
  ~Pinned() { sched_setaffinity(0, sizeof before_, &before_); }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

 private:
  cpu_set_t before_;
};

}  // namespace shmetrics::bench

#endif  // SHMETRICS_TESTS_BENCH_PINNED_H_

#ifndef SHMETRICS_TESTS_SUPPORT_FASTEST_H_
#define SHMETRICS_TESTS_SUPPORT_FASTEST_H_

#include <algorithm>
#include <chrono>

namespace shmetrics::testing {

/// How many seconds the fastest of so many calls of `work` takes. The others met what else the machine does.
template <class Work>
double FastestOf(int rounds, const Work& work) {
  double best = 1e9;
  for (int round = 0; round < rounds; round++) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return best;
}

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_FASTEST_H_

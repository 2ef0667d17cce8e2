#ifndef SHMETRICS_TESTS_BENCH_ROUNDS_H_
#define SHMETRICS_TESTS_BENCH_ROUNDS_H_

#include <string>
#include <vector>

namespace shmetrics::bench {

/// How the cost of one case compares with that of another in the same run. Nothing else is comparable: the
/// same case takes twice as long when the machine has other things to do, and so does its neighbour.
struct Ratio {
  const char* of;
  const char* to;
  double limit = 0;  ///< the most it may be; 0: shown, not judged
};

/// Runs the cases whose names match `filter` (all if it is empty) in rounds, each case once a round, so that
/// what disturbs the machine disturbs all of them. Prints the ratios: median of those of each round, smallest
/// and largest. Ratios of cases that did not run are left out.
///
/// Returns the ratios above their limits, and those with a limit that were not measured.
std::vector<Ratio> RunRounds(int rounds, const std::string& filter, const std::vector<Ratio>& ratios);

}  // namespace shmetrics::bench

#endif  // SHMETRICS_TESTS_BENCH_ROUNDS_H_

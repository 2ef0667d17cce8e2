#ifndef SHMETRICS_TESTS_SUPPORT_FAST_MATH_OBSERVER_H_
#define SHMETRICS_TESTS_SUPPORT_FAST_MATH_OBSERVER_H_

#include "shmetrics/shmetrics.h"

namespace shmetrics::testing {

/// Observes NaN, +Inf and -Inf in code compiled with -ffast-math, which assumes that they do not exist.
void ObserveNanAndInfinitiesWithFastMath(const HistogramFamily& family);

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_FAST_MATH_OBSERVER_H_

#ifndef SHMETRICS_TESTS_CRASH_METRIC_OPERATIONS_H_
#define SHMETRICS_TESTS_CRASH_METRIC_OPERATIONS_H_

#include <vector>

#include "tests/crash/operation.h"

namespace shmetrics::testing {

/// Operations that register families and series, set gauges and write exemplars.
std::vector<Operation> MetricOperations();

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_CRASH_METRIC_OPERATIONS_H_

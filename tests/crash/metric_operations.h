#ifndef SHMETRICS_TESTS_CRASH_METRIC_OPERATIONS_H_
#define SHMETRICS_TESTS_CRASH_METRIC_OPERATIONS_H_

#include <vector>

#include "tests/crash/operation.h"

namespace shmetrics::testing {

/// Registrations of families and series, gauges and exemplars.
std::vector<Operation> MetricOperations();

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_CRASH_METRIC_OPERATIONS_H_

#ifndef SHMETRICS_TESTS_CRASH_LEASE_OPERATIONS_H_
#define SHMETRICS_TESTS_CRASH_LEASE_OPERATIONS_H_

#include <vector>

#include "tests/crash/operation.h"

namespace shmetrics::testing {

/// Operations under the lock of a shard: leases, minutes, announced models.
std::vector<Operation> LeaseOperations();

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_CRASH_LEASE_OPERATIONS_H_

#ifndef SHMETRICS_TESTS_CRASH_LEDGER_OPERATIONS_H_
#define SHMETRICS_TESTS_CRASH_LEDGER_OPERATIONS_H_

#include <vector>

#include "tests/crash/operation.h"

namespace shmetrics::testing {

/// Operations on the ledger: minutes used, given back, reserved and settled.
std::vector<Operation> LedgerOperations();

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_CRASH_LEDGER_OPERATIONS_H_

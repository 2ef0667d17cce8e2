#ifndef SHMETRICS_TESTS_CRASH_CELL_OPERATIONS_H_
#define SHMETRICS_TESTS_CRASH_CELL_OPERATIONS_H_

#include <vector>

#include "tests/crash/operation.h"

namespace shmetrics::testing {

/// What adds to cells, once by restartable sequences, where the C library has registered them, and once by locked
/// instructions. Their names end in how.
std::vector<Operation> CellOperations();

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_CRASH_CELL_OPERATIONS_H_

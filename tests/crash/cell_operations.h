#ifndef SHMETRICS_TESTS_CRASH_CELL_OPERATIONS_H_
#define SHMETRICS_TESTS_CRASH_CELL_OPERATIONS_H_

#include <vector>

#include "tests/crash/operation.h"

namespace shmetrics::testing {

/// Operations that add to cells. Each exists once with restartable sequences, if the C library has registered
/// them, and once with locked instructions. The end of its name says which.
std::vector<Operation> CellOperations();

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_CRASH_CELL_OPERATIONS_H_

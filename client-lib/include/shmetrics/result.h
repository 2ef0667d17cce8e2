#ifndef SHMETRICS_RESULT_H_
#define SHMETRICS_RESULT_H_

/// Result, Error and ErrorCode: how calls report failures.

#include "shm/result.h"  // IWYU pragma: export

#endif  // SHMETRICS_RESULT_H_

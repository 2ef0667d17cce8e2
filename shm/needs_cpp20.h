#ifndef SHMETRICS_SHM_NEEDS_CPP20_H_
#define SHMETRICS_SHM_NEEDS_CPP20_H_

// The first include of every header that applications compile in.
#if !defined(__cplusplus) || __cplusplus < 202002L
#error "shmetrics needs C++20: compile with -std=c++20"
// This file does not exist, which ends the compilation. More than a hundred errors would follow otherwise.
#include "needs-C++20/compile-with/-std=c++20"
#endif

#endif  // SHMETRICS_SHM_NEEDS_CPP20_H_

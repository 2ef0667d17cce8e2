#ifndef SHMETRICS_SHM_NEEDS_CPP20_H_
#define SHMETRICS_SHM_NEEDS_CPP20_H_

// The first include of every header that applications compile in. Neither of the two files that do not exist
// is meant to: they end the compilation, and more than a hundred errors would follow otherwise.
#if !defined(__cplusplus) || __cplusplus < 202002L
#error "shmetrics needs C++20: compile with -std=c++20"
#include "needs-C++20/compile-with/-std=c++20"
#endif

#include <version>

#if !defined(__cpp_lib_atomic_ref)
#error "shmetrics needs std::atomic_ref, which libc++ 14 lacks: use libstdc++ or the C interface"
#include "needs-std-atomic_ref/of/another-standard-library"
#endif

#endif  // SHMETRICS_SHM_NEEDS_CPP20_H_

#ifndef SHMETRICS_TESTS_FUZZ_REQUIRE_H_
#define SHMETRICS_TESTS_FUZZ_REQUIRE_H_

#include <cstdio>
#include <cstdlib>
#include <string>

namespace shmetrics::fuzz {

/// Ends the process unless `holds`, so that a fuzzer reports a find.
inline void Require(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", what.c_str());
  std::abort();
}

}  // namespace shmetrics::fuzz

#endif  // SHMETRICS_TESTS_FUZZ_REQUIRE_H_

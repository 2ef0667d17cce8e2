#ifndef SHMETRICS_TESTS_SUPPORT_NIGHTLY_H_
#define SHMETRICS_TESTS_SUPPORT_NIGHTLY_H_

#include <cstdlib>

namespace shmetrics::testing {

/// True if tests that can run for any time may run for minutes.
inline bool IsNightly() {
  const char* nightly = std::getenv("SHMETRICS_NIGHTLY");
  return nightly != nullptr && *nightly != '\0';
}

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_NIGHTLY_H_

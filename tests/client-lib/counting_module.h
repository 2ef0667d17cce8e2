#ifndef SHMETRICS_TESTS_CLIENT_LIB_COUNTING_MODULE_H_
#define SHMETRICS_TESTS_CLIENT_LIB_COUNTING_MODULE_H_

#include "shmetrics/shmetrics.h"

namespace shmetrics::testing {

/// The interface of counting_module, a plug-in that is linked with the shared library. A test finds it under
/// the name "counting_module".
struct CountingModule {
  /// Uses the global registry on this segment: adds 1 to "module_total" and to the gauge "module_depth".
  void (*count)(const char* segment);
  Counter (*handle)();
};

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_CLIENT_LIB_COUNTING_MODULE_H_

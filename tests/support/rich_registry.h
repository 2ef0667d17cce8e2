#ifndef SHMETRICS_TESTS_SUPPORT_RICH_REGISTRY_H_
#define SHMETRICS_TESTS_SUPPORT_RICH_REGISTRY_H_

#include <string>
#include <vector>

#include "tests/support/registry_fixture.h"

namespace shmetrics::testing {

/// Label values that break code that does not escape, or escapes twice.
const std::vector<std::string>& HostileValues();
extern const char kHostileHelp[];

/// A test with a segment that has every type, and everything that could break a format. hostile_total has the
/// values above as the label `value` and their numbers as `number`. There are also numbers that no double
/// holds, NaN, and histograms with negative bounds.
class RichRegistryFixture : public RegistryFixture {
 protected:
  RichRegistryFixture();
};

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_RICH_REGISTRY_H_

#ifndef SHMETRICS_TESTS_SUPPORT_RICH_REGISTRY_H_
#define SHMETRICS_TESTS_SUPPORT_RICH_REGISTRY_H_

#include <string>
#include <vector>

#include "tests/support/registry_fixture.h"

namespace shmetrics::testing {

/// Label values that break what does not escape, or escapes twice.
const std::vector<std::string>& HostileValues();
extern const char kHostileHelp[];

/// A test with a segment that has every type, and whatever in it could break a format: hostile_total with the values above
/// as the label `value` and their numbers as `number`, numbers no double holds, NaN, histograms of negative bounds.
class RichRegistryFixture : public RegistryFixture {
 protected:
  RichRegistryFixture();
};

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_RICH_REGISTRY_H_

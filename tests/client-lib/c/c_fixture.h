#ifndef SHMETRICS_TESTS_CLIENT_LIB_C_C_FIXTURE_H_
#define SHMETRICS_TESTS_CLIENT_LIB_C_C_FIXTURE_H_

#include <gtest/gtest.h>
#include <shmetrics/c.h>

#include "tests/support/registry_fixture.h"

namespace shmetrics::testing {

/// A fixture for the C interface. It does what is tedious to write in C.
class CFixture : public RegistryFixture {
 protected:
  shmetrics_registry* OpenFromC() const {
    shmetrics_registry* registry = nullptr;
    const shmetrics_registry_options options = CopyOfOptions();
    EXPECT_EQ(shmetrics_registry_open(&options, &registry, nullptr), SHMETRICS_OK);
    return registry;
  }
  shmetrics_registry_options CopyOfOptions() const {
    shmetrics_registry_options options{};
    options.size = sizeof(options);
    options.segment = segment_.c_str();
    options.segment_bytes = 8U << 20U;
    options.series_limit = 1'000;
    options.family_series_limit = 100;
    return options;
  }
  static shmetrics_family_options Named(const char* name) {
    shmetrics_family_options options{};
    options.size = sizeof(options);
    options.name = name;
    return options;
  }
  static shmetrics_family* CounterFamily(shmetrics_registry* registry, const char* name) {
    shmetrics_family* family = nullptr;
    const shmetrics_family_options options = Named(name);
    EXPECT_EQ(shmetrics_counter_family(registry, &options, &family, nullptr), SHMETRICS_OK);
    return family;
  }
  static shmetrics_family* HistogramFamily(shmetrics_registry* registry) {
    const double bounds[] = {1, 2};
    const char* labels[] = {"a"};
    shmetrics_family_options options = Named("latency");
    options.labels = labels;
    options.label_count = 1;
    shmetrics_family* family = nullptr;
    shmetrics_histogram_family(registry, &options, bounds, 2, &family, nullptr);
    return family;
  }

  shmetrics_error error_{};
};

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_CLIENT_LIB_C_C_FIXTURE_H_

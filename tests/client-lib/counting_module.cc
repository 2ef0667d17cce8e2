#include "tests/client-lib/counting_module.h"

namespace shmetrics::testing {
namespace {

void Count(const char* segment) {
  Registry::configure(
      {.segment = segment, .segment_bytes = 8U << 20U, .series_limit = 1'000, .family_series_limit = 100});
  Registry::global().counter({.name = "module_total"}).inc();
  Registry::global().gauge({.name = "module_depth"}).add(1);
}

Counter Handle() { return Registry::global().counter({.name = "module_total"}).with({}); }

}  // namespace

extern "C" __attribute__((visibility("default"))) const CountingModule counting_module;
const CountingModule counting_module = {Count, Handle};

}  // namespace shmetrics::testing

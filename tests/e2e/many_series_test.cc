// As many series as on a large host, in one segment, read through HTTP.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "shmetrics/shmetrics.h"
#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/http_client.h"
#include "tests/support/nightly.h"
#include "tests/support/registry_fixture.h"

namespace shmetrics {
namespace {

using testing::Agent;

std::uint32_t SeriesCount() {
  if (testing::IsNightly()) return 1'000'000;
#ifdef __SANITIZE_ADDRESS__
  return 20'000;
#else
  return 100'000;
#endif
}

struct Totals {
  std::uint64_t lines = 0;
  std::uint64_t sum = 0;
  bool operator==(const Totals&) const = default;
};

/// The totals of the lines that begin with `prefix`.
Totals TotalsOf(std::string_view text, std::string_view prefix) {
  Totals totals;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.starts_with(prefix)) continue;
    totals.lines++;
    totals.sum += std::strtoull(line.data() + line.rfind(' '), nullptr, 10);
  }
  return totals;
}

class ManySeriesTest : public testing::RegistryFixture {
 protected:
  CounterFamily Family() const {
    return Registry::open({.segment = segment_,
                           .segment_bytes = 512U << 20U,
                           .series_limit = SeriesCount(),
                           .family_series_limit = SeriesCount()})
        .counter({.name = "items_total", .labels = {"item"}});
  }
  /// Counts i + 1 in each series i of [begin, end). Two processes take turns with the series.
  void CountEach(std::uint32_t begin, std::uint32_t end) const {
    const auto count_half = [&, this](std::uint32_t first) {
      const CounterFamily family = Family();
      for (std::uint32_t i = first; i < end; i += 2) family.with({std::to_string(i)}).inc(i + 1);
    };
    EXPECT_EQ(testing::RunInChild([&] { count_half(begin + 1); }), 0);
    count_half(begin);
  }
  static Totals Expected(std::uint64_t series) { return {series, series * (series + 1) / 2}; }
};

TEST_F(ManySeriesTest, EveryOneIsInTheScrapeAndTheTotalIsExactWhileTheirNumberGrows) {
  const std::uint32_t all = SeriesCount();
  const std::uint32_t most = all - all / 10;
  CountEach(0, most);
  Agent agent(SHMETRICS_AGENT, segment_);
  EXPECT_EQ(TotalsOf(testing::Get(agent.port(), "/metrics").body, "items_total{"), Expected(most));
  CountEach(most, all);
  EXPECT_EQ(TotalsOf(testing::Get(agent.port(), "/metrics").body, "items_total{"), Expected(all));
  const testing::HttpAnswer open_metrics = testing::GetWith(
      agent.port(), "/metrics", "Host: localhost\r\nAccept: application/openmetrics-text; version=1.0.0\r\n");
  EXPECT_EQ(TotalsOf(open_metrics.body, "items_total{"), Expected(all));
  EXPECT_TRUE(open_metrics.body.ends_with("# EOF\n"));
  // One more series than fits is refused, and the others do not change.
  Family().with({"one too many"}).inc();
  const std::string full = testing::Get(agent.port(), "/metrics").body;
  EXPECT_EQ(TotalsOf(full, "items_total{item="), Expected(all));
  EXPECT_EQ(TotalsOf(full, "items_total{otel_metric_overflow="), (Totals{1, 1}));
}

}  // namespace
}  // namespace shmetrics

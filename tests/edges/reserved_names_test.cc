// Fault A14. A worker's metric cannot stand among those that Prometheus or the agent writes: it is refused by
// name where it is registered, and the worker goes on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "shmetrics/c.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/agent.h"
#include "tests/support/registry_fixture.h"

namespace shmetrics {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kNames[] = {"up",     "scrape_duration_seconds", "scrape_samples_scraped",
                                  "ALERTS", "ALERTS_FOR_STATE",        "process_start_time_seconds"};

class ReservedNamesTest : public testing::RegistryFixture {};

TEST_F(ReservedNamesTest, TheyAreRefusedAndNoScrapeShowsThem) {
  Registry& registry = Open();
  for (const char* name : kNames) {
    const GaugeFamily family = registry.gauge({.name = name});
    family.set(0);
    EXPECT_THAT(family.error(), HasSubstr("metric family \"" + std::string(name) + "\" refused: "));
    EXPECT_THAT(family.error(), HasSubstr("; choose another name"));
  }
  registry.histogram({.name = "scrape_seconds"}, {1}).observe(1);
  registry.counter({.name = "up"}).inc();  // up_total is nobody else's
  EXPECT_GE(testing::RefusalsOf(registry, ErrorCode::kInvalidName), 7U);
  const testing::Agent agent(SHMETRICS_AGENT, segment_);
  const std::string text = agent.Get().text();
  EXPECT_THAT(text, Not(ContainsRegex("\n(up|scrape_[a-z_]*|ALERTS[A-Z_]*)[ {]")));
  EXPECT_THAT(text, HasSubstr("\nup_total 1\n"));
  EXPECT_THAT(text, ContainsRegex("\nprocess_start_time_seconds 1[0-9.]+")) << "the agent's";
  EXPECT_THAT(text, ContainsRegex("\nshmetrics_refusals_total.reason=\"invalid_definition\". [7-9]\n"));
}

TEST_F(ReservedNamesTest, TheCInterfaceReturnsTheReason) {
  shmetrics_registry_options options{};
  options.size = sizeof options;
  options.segment = segment_.c_str();
  shmetrics_registry* registry = nullptr;
  shmetrics_error error{};
  ASSERT_EQ(shmetrics_registry_open(&options, &registry, &error), SHMETRICS_OK) << error.message;
  for (const char* name : kNames) {
    shmetrics_family_options asked{};
    asked.size = sizeof asked;
    asked.name = name;
    shmetrics_family* family = nullptr;
    EXPECT_EQ(shmetrics_gauge_family(registry, &asked, SHMETRICS_GAUGE_SUM, &family, &error),
              SHMETRICS_INVALID_NAME)
        << name;
    EXPECT_THAT(error.message, HasSubstr("choose another name")) << name;
    EXPECT_NE(family, nullptr) << "it works in private memory";
  }
}

}  // namespace
}  // namespace shmetrics

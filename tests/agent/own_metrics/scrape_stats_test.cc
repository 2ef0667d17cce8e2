#include "agent/own_metrics/scrape_stats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/support/text_of.h"

namespace shmetrics::agent {
namespace {

using ::testing::HasSubstr;

std::string Text(const ScrapeStats& stats) {
  MetricBuilder builder;
  stats.AddMetrics(&builder);
  return shmetrics::testing::TextOf(builder.snapshot());
}

TEST(ScrapeStatsTest, EveryFormatIsThereAt0BeforeTheFirstScrape) {
  const std::string text = Text(ScrapeStats());
  for (const std::string format : {"text_0.0.4", "text_1.0.0", "openmetrics_0.0.1", "openmetrics_1.0.0"}) {
    for (const std::string code : {"200", "503"}) {
      EXPECT_THAT(text,
                  HasSubstr("shmetrics_scrapes_total{format=\"" + format + "\",code=\"" + code + "\"} 0\n"));
    }
  }
  EXPECT_THAT(text, HasSubstr("\nshmetrics_scrapes_in_flight 0\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_scrape_duration_seconds_count 0\n"));
}

TEST(ScrapeStatsTest, AScrapeIsInFlightUntilItEndsAndThenCounted) {
  ScrapeStats stats;
  {
    ScrapeStats::Scrape scrape(&stats, "text_0.0.4");
    EXPECT_THAT(Text(stats), HasSubstr("\nshmetrics_scrapes_in_flight 1\n"));
    EXPECT_THAT(Text(stats), HasSubstr("{format=\"text_0.0.4\",code=\"200\"} 0\n"));
    scrape.Answered(200, 5000);
  }
  const std::string text = Text(stats);
  EXPECT_THAT(text, HasSubstr("\nshmetrics_scrapes_in_flight 0\n"));
  EXPECT_THAT(text, HasSubstr("{format=\"text_0.0.4\",code=\"200\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_scrape_duration_seconds_count 1\n"));
  EXPECT_THAT(text, HasSubstr("shmetrics_scrape_response_bytes_bucket{le=\"4096.0\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("shmetrics_scrape_response_bytes_bucket{le=\"16384.0\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_scrape_response_bytes_sum 5000\n"));
}

TEST(ScrapeStatsTest, AScrapeThatThrowsIsA500) {
  ScrapeStats stats;
  try {
    const ScrapeStats::Scrape scrape(&stats, "text_0.0.4");
    throw 1;
  } catch (int) {
  }
  EXPECT_THAT(Text(stats), HasSubstr("{format=\"text_0.0.4\",code=\"500\"} 1\n"));
  EXPECT_THAT(Text(stats), HasSubstr("\nshmetrics_scrapes_in_flight 0\n"));
}

TEST(ScrapeStatsTest, ScrapesOfSeveralThreadsAreAllCounted) {
  ScrapeStats stats;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&stats] {
        for (int n = 0; n < 250; ++n) ScrapeStats::Scrape(&stats, "text_1.0.0").Answered(200, 1);
      });
    }
    Text(stats);
  }
  EXPECT_THAT(Text(stats), HasSubstr("{format=\"text_1.0.0\",code=\"200\"} 1000\n"));
}

}  // namespace
}  // namespace shmetrics::agent

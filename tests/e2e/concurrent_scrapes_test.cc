// Concurrent scrapes wait for each other's scrapes and for nothing else.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "shmetrics/shmetrics.h"
#include "tests/support/agent.h"
#include "tests/support/http_client.h"
#include "tests/support/registry_fixture.h"

namespace shmetrics {
namespace {

using testing::Agent;

constexpr std::uint32_t kSeries = 20'000;
constexpr int kScrapes = 8;

class ConcurrentScrapesTest : public testing::RegistryFixture {
 protected:
  ConcurrentScrapesTest() {
    RegistryOptions options = Options();
    options.segment_bytes = 64U << 20U;
    options.series_limit = options.family_series_limit = 2 * kSeries;
    const CounterFamily family =
        Registry::open(options).counter({.name = "many_total", .labels = {"number"}});
    for (std::uint32_t i = 0; i < kSeries; i++) family.with({std::to_string(i)}).inc(i);
  }
};

template <class Work>
double Seconds(Work work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

TEST_F(ConcurrentScrapesTest, TakeNoLongerThanOneAfterTheOther) {
  const Agent agent(SHMETRICS_AGENT, segment_);
  const auto scrape = [&agent] {
    const testing::HttpAnswer answer =
        testing::GetWith(agent.port(), "/metrics", "Host: localhost\r\nAccept-Encoding: gzip\r\n");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.at("content-encoding"), "gzip");
  };
  scrape();
  double best = 1e9;
  // Other programs can slow down one of the two, but not every time.
  for (int attempt = 0; attempt < 5 && best > 1.5; attempt++) {
    const double one_by_one = Seconds([&] {
      for (int i = 0; i < kScrapes; i++) scrape();
    });
    const double at_once = Seconds([&] {
      std::vector<std::jthread> scrapers;
      for (int i = 0; i < kScrapes; i++) scrapers.emplace_back(scrape);
    });
    best = std::min(best, at_once / one_by_one);
  }
  RecordProperty("ratio", std::to_string(best));
  EXPECT_LE(best, 1.5);
}

}  // namespace
}  // namespace shmetrics

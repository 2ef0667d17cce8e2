// What people look for on the live page: what was before it was opened, one series of many, one user, refusals.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "shmetrics/shmetrics.h"
#include "tests/e2e/page_fixture.h"
#include "tests/support/http_client.h"

namespace shmetrics {
namespace {

using nlohmann::json;
using testing::Agent;
using testing::Child;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using testing::WaitUntil;

class PageHistoryTest : public testing::PageFixture {
 protected:
  /// The totals of a family as the agent remembers them.
  json Totals(const std::string& family) const {
    const json answer = json::parse(testing::Get(agent_->port(), "/api/v1/history?name[]=" + family).body);
    return answer["families"].empty() ? json::array() : answer["families"][0]["total"];
  }
  /// What the legend of the metric's chart says of a moment: `share` 0 is the left end of the chart, 1 its right.
  std::string LegendAt(double share) const {
    browser_->Run(
        "for (const canvas of document.querySelectorAll('#values canvas')) {"
        "  const {left, top, width, height} = canvas.getBoundingClientRect();"
        "  canvas.dispatchEvent(new MouseEvent('mousemove', {bubbles: true, clientY: top + height / 2,"
        "    clientX: left + 75 + (width - 80) * " +
        std::to_string(share) + "}));}");
    return browser_->Text("#values .legend") + browser_->Text("#values .summary");
  }
};

// Fault P2.
TEST_F(PageHistoryTest, APageOpenedAfterAnIncidentShowsIt) {
  std::optional<Child> incident(StartWorker([](Registry& registry) {
    registry.gauge({.name = "queue_depth", .help = "Jobs waiting."}, GaugeMode::sum).set(777);
  }));
  WaitUntil([&] {
    const json totals = Totals("queue_depth");
    return std::ranges::count(totals, json(777)) >= 2;
  });
  incident->Kill();
  WaitUntil([&] { return Totals("queue_depth").back().is_null(); });
  OpenPage("#metric=queue_depth");
  browser_->WaitFor("document.querySelectorAll('#values canvas').length === 2");
  browser_->WaitFor(
      "document.querySelector('#values .summary').textContent.startsWith('unknown now; last seen ')");
  browser_->WaitFor("document.querySelector('#values .dygraph-axis-label')");
  bool is_seen = false;
  for (int i = 0; i <= 40 && !is_seen; ++i) is_seen = LegendAt(i / 40.0).find("777") != std::string::npos;
  EXPECT_TRUE(is_seen) << "the chart does not have what was before the page: " << Totals("queue_depth");
  EXPECT_THAT(browser_->Complaints(), IsEmpty());
}

// Fault P2.
TEST_F(PageHistoryTest, AnAgentStartedAgainLeavesAGapAndNoNegativeRate) {
  const Child worker = StartWorker([](Registry&) {});
  OpenPage("#metric=ticks_total");
  browser_->WaitFor("/ticks_total: [1-9].*\\/s/.test(" + Words("values") + ")");
  const std::uint16_t port = agent_->port();
  agent_->process().Kill();
  browser_->WaitFor("document.querySelector('#state').textContent === 'unreachable'");
  agent_.emplace(SHMETRICS_AGENT, segment_, port);
  browser_->WaitFor("document.querySelector('#state').textContent === 'attached'");
  browser_->WaitFor("/ticks_total: [1-9].*\\/s/.test(" + Words("values") + ")");
  const auto history = [this](const std::string& expression) {
    return browser_->Run(
        "const {History} = await import('./page/history.js'); const {rates} = await "
        "import('./page/rates.js');"
        "const answer = (perf, times, total, breaks = []) => ({perf, breaks, step_seconds: 5,"
        "  timestamp: new Date(times.at(-1) * 1000).toISOString(), times,"
        "  families: [{name: 'a', type: 'counter', series: 1, total, top: [{labels: {}, values: total}]}]});"
        "const history = new History(); " +
        expression + "; return rates(history.samples, (sample) => sample.total.value)");
  };
  EXPECT_EQ(history("history.replace(answer(20000, [1000, 1005, 1010], [10, 20, 30]), 'a');"
                    "history.replace(answer(70000, [1050, 1055, 1060], [25, 35, 45]), 'a')"),
            json::parse("[null, 2, 2, null, null, 2, 2]"))
      << "a gap where the agent was not, and what it knew before is kept";
  EXPECT_EQ(history("history.replace(answer(20000, [1000, 1005, 1010, 1015], [10, null, 30, 5]), 'a')"),
            json::parse("[null, null, null, null]"))
      << "nothing is known over a gap, and no rate is negative";
  EXPECT_EQ(
      history("history.replace(answer(20000, [1000, 1005, 1010, 1015], [10, 20, 30, 40], [1010]), 'a')"),
      json::parse("[null, 2, null, 2]"))
      << "no rate reaches over a replaced segment";
}

// Fault P2.
TEST_F(PageHistoryTest, OneSeriesOfManyIsFoundByWordsAndItsRateIsShown) {
  options_.segment_bytes = 64U << 20U;
  options_.series_limit = options_.family_series_limit = 30'000;
  const Child worker = StartWorker([](Registry& registry) {
    static const Counter one = [&] {
      const CounterFamily items = registry.counter({.name = "items_total", .labels = {"item"}});
      for (int i = 0; i < 20'000; ++i) items.with({"part-" + std::to_string(i)}).inc();
      return items.with({"part-17123"});
    }();
    one.inc();
  });
  OpenPage();
  browser_->WaitFor("document.querySelector('#state').textContent === 'attached'");
  browser_->Run("document.querySelector('#find').focus()");
  browser_->Type("ITEMS 17123");
  browser_->WaitFor(
      "/^items_total\\{item=\"part-17123\"\\}$/.test(document.querySelector('#found tbody "
      ".name')?.textContent)");
  browser_->WaitFor(
      "/^[1-9][0-9.]*\\/s$/.test(document.querySelector('#found tbody td:nth-child(3)').textContent)");
  EXPECT_THAT(browser_->Text("#found-summary"), HasSubstr("1 found in 20,"));
  EXPECT_EQ(browser_->Run("return document.querySelectorAll('#found tbody tr').length"), 1);
  EXPECT_THAT(browser_->Run("return location.hash").get<std::string>(), HasSubstr("find=ITEMS%2017123"));
  browser_->Run("document.querySelector('#find').value = ''");
  browser_->Type("a b c d e f g h i");
  browser_->WaitFor("document.querySelector('#found-summary').textContent.includes('at most 8 words')");
  browser_->Run("document.querySelector('#find').value = ''");
  browser_->Type("<img src=x>");
  browser_->WaitFor("document.querySelector('#found-summary').textContent.startsWith('None of 20,')");
  EXPECT_EQ(browser_->Run("return document.querySelectorAll('img').length"), 0);
}

// Fault P2.
TEST_F(PageHistoryTest, AUsersMinutesTierAndLimitsAreShownAndTheModels) {
  const Child worker = StartWorker([](Registry& registry) {
    static const audio::Quota quota(registry, {.config = "/dev/null"});
    static const auto used = [] {
      EXPECT_TRUE(quota.set_tier("ann", audio::Tier::premium).ok());
      EXPECT_TRUE(quota.announce_model("whisper-x").ok());
      return quota.consume_daily_minutes("ann", 12.5);
    }();
    static const auto stream = quota.try_start_stream("ann");
    static const auto job = quota.try_start_job("ann");
  });
  OpenPage();
  browser_->WaitFor("!document.querySelector('#audio').hidden");
  browser_->WaitFor("document.querySelector('#models').textContent.includes('whisper-x')");
  EXPECT_THAT(browser_->Text("#models"), HasSubstr("1 user streams now"));
  browser_->Run("document.querySelector('#user').focus()");
  browser_->Type("ann");
  browser_->WaitFor("document.querySelector('#user-card').innerText.includes('tier premium')");
  const std::string card = browser_->Text("#user-card");
  EXPECT_THAT(card, HasSubstr("Active streams\n1 of "));
  EXPECT_THAT(card, HasSubstr("Active jobs\n1 of "));
  EXPECT_THAT(card, HasSubstr("Minutes used today (UTC)\n12.5 of "));
  EXPECT_THAT(card, HasSubstr("May start a stream."));
  EXPECT_THAT(browser_->Complaints(), IsEmpty());
}

// Fault P2.
TEST_F(PageHistoryTest, RefusalsHaveNamesAColourAndARemedy) {
  const Child worker = StartWorker([](Registry& registry) {
    registry.counter({.name = "ticks_total", .help = "Ticks.", .labels = {"other"}});
    registry.counter({.name = "bad_total", .labels = {"text"}}).with({"\xFF"}).inc();
  });
  OpenPage();
  browser_->WaitFor("document.querySelectorAll('#refusals li').length === 2");
  EXPECT_THAT(browser_->Text("#refusals"), HasSubstr("Metrics defined in two ways"));
  EXPECT_THAT(browser_->Text("#refusals"), HasSubstr("make them alike"));
  EXPECT_THAT(browser_->Text("#refusals"), HasSubstr("conflict"));
  browser_->WaitFor("document.querySelector('#refusals li').className === 'recent'");
  EXPECT_THAT(browser_->Text("#refusals-summary"), StartsWith("Still going on"));
  EXPECT_NE(browser_->Run("return getComputedStyle(document.querySelector('#refusals .reason')).color"),
            browser_->Run("return getComputedStyle(document.querySelector('#refusals .remedy')).color"));
  const auto reasons = [this](const std::string& text) {
    return browser_->Run("const text = await (await fetch('" + text + "')).text(); return text");
  };
  const std::string script = reasons("page/refusals.js").get<std::string>();
  for (const std::string& line :
       {testing::Get(agent_->port(), "/metrics?name[]=shmetrics_refusals_total").body}) {
    std::size_t at = 0;
    int count = 0;
    for (const std::string key = "reason=\""; (at = line.find(key, at)) != std::string::npos; ++count) {
      at += key.size();
      const std::string reason = line.substr(at, line.find('"', at) - at);
      EXPECT_THAT(script, HasSubstr("\n  " + reason + ": [")) << "the page has no words for this reason";
    }
    EXPECT_GT(count, 15);
  }
}

// Fault P2.
TEST_F(PageHistoryTest, AnEmptyPageSaysWhyInWords) {
  Registry::open(Options());
  OpenPage();
  browser_->WaitFor("document.querySelector('#state').textContent === 'attached'");
  browser_->WaitFor("document.querySelector('#about').textContent.startsWith('No metric family yet: ')");
  EXPECT_EQ(browser_->Run("return document.querySelector('#explored').hidden"), true);
  EXPECT_EQ(browser_->Text("#refusals-summary"), "Nothing was refused.");

  const Child worker = StartWorker([](Registry& registry) {
    registry.gauge({.name = "depth", .help = "Nobody sets it.", .labels = {"room"}}, GaugeMode::sum);
    registry.counter({.name = "audio_quota_violations_total", .labels = {"type"}});
  });
  OpenPage("#metric=depth");
  browser_->WaitFor(
      "document.querySelector('#values .nothing')?.innerText.includes('no worker sets it now')");
  browser_->WaitFor(
      "document.querySelector('#streams .nothing')?.innerText.includes('No worker has made "
      "audio_streaming_active')");
}

}  // namespace
}  // namespace shmetrics

// The live page as a person sees it, in a real Chromium.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "shmetrics/shmetrics.h"
#include "tests/e2e/page_fixture.h"

namespace shmetrics {
namespace {

using testing::Child;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using PageTest = testing::PageFixture;

TEST_F(PageTest, ChartsMoveWithWhatWorkersDoAndAKilledOneIsShownDead) {
  *streams_ = 3;
  Child worker = StartWorker([this](Registry& registry) {
    HoldStreams(registry, "user 42", *streams_);
    registry.counter({.name = "audio_quota_violations_total", .labels = {"type"}})
        .with({"daily_minutes"})
        .inc();
  });
  OpenPage("#metric=ticks_total");
  browser_->WaitFor("document.querySelector('#state').textContent === 'attached'");
  browser_->WaitFor(Words("streams") + "?.includes('3 active. user 42: 3')");
  browser_->WaitFor(Words("violations") + "?.includes('daily_minutes: ')");
  EXPECT_EQ(browser_->Text("#workers tbody tr.alive td:nth-child(3)"), std::to_string(worker.pid()));
  EXPECT_EQ(browser_->Text("#workers tbody tr.alive td:nth-child(5)"), "3");

  *streams_ = 4;
  browser_->WaitFor(Words("streams") + ".includes('4 active. user 42: 4')");
  browser_->WaitFor("/ticks_total: [1-9][0-9.]*\\/s/.test(" + Words("values") + ")");
  EXPECT_EQ(browser_->Run("return document.querySelectorAll('#streams canvas, #values canvas').length"), 4);

  const std::string pid = std::to_string(worker.pid());
  worker.Kill();
  browser_->WaitFor("document.querySelector('#workers tbody tr.dead td:nth-child(3)')?.innerText === '" +
                    pid + "'");
  EXPECT_THAT(browser_->Text("#workers tbody tr.dead"), HasSubstr("dead"));
  EXPECT_THAT(browser_->Text("#workers caption"), HasSubstr("0 alive, 1 dead"));
  browser_->WaitFor(Words("streams") + ".includes('0 active. user 42: 0')");

  EXPECT_THAT(browser_->Complaints(), IsEmpty());
  EXPECT_EQ(browser_->Run("return performance.getEntriesByType('resource')"
                          ".filter((entry) => new URL(entry.name).origin !== location.origin).length"),
            0)
      << "the page asked somebody else";
  EXPECT_GT(browser_->Run("return performance.getEntriesByType('resource').length"), 10);
}

TEST_F(PageTest, EverythingIsReachedByKeysAndAnyMetricIsPickedByThem) {
  const Child worker = StartWorker([](Registry& registry) {
    registry.histogram({.name = "latency_seconds", .help = "Time to answer."}, {0.1, 1}).observe(0.05);
    const GaugeFamily heat =
        registry.gauge({.name = "heat", .help = "How warm it is.", .labels = {"room"}}, GaugeMode::last);
    for (int room = 1; room <= 30; ++room) heat.with({std::to_string(room)}).set(room);
  });
  OpenPage();
  browser_->WaitFor("document.querySelector('#metric').value === 'latency_seconds'");
  EXPECT_EQ(browser_->Run("return document.querySelector('#audio').hidden"), true)
      << "nobody counts audio here";

  const auto focus = [this] {
    return browser_->Run("const e = document.activeElement; return e.id || e.className || e.textContent")
        .get<std::string>();
  };
  std::vector<std::string> reached;
  for (int i = 0; i < 5; ++i) {
    browser_->Type(testing::kTabKey);
    reached.push_back(focus());
    EXPECT_NE(browser_->Run("return getComputedStyle(document.activeElement).outlineStyle"), "none")
        << "the focus on " << focus() << " cannot be seen";
  }
  EXPECT_EQ(reached, (std::vector<std::string>{"skip", "pause", "metric", "find", "/"}));

  browser_->Run("document.querySelector('#metric').focus()");
  browser_->Type("WARM");
  browser_->WaitFor("document.querySelectorAll('#metrics [role=option]').length === 1");
  EXPECT_EQ(browser_->Run("return document.querySelector('#metric').getAttribute('aria-expanded')"), "true");
  browser_->Type(testing::kEnterKey);
  browser_->WaitFor(Words("values") + "?.includes('room=\"30\": 30; room=\"29\": 29')");
  EXPECT_THAT(browser_->Text("#values .summary"), HasSubstr("the 8 largest of 30 series; 22 not shown"));
  EXPECT_EQ(browser_->Run("return location.hash"), "#metric=heat");

  browser_->Run("document.querySelector('#metric').blur(); document.querySelector('#metric').focus()");
  browser_->Type(testing::kDownKey);
  EXPECT_EQ(browser_->Run("return document.getElementById(document.querySelector('#metric')"
                          ".getAttribute('aria-activedescendant')).innerText.split('\\n')[0]"),
            "heat");
  browser_->Type(testing::kDownKey);
  browser_->Type(testing::kEscapeKey);
  EXPECT_EQ(browser_->Run("return document.querySelector('#metric').value"), "heat") << "nothing was picked";

  browser_->Run("document.querySelector('#pause').focus()");
  browser_->Type(testing::kEnterKey);
  EXPECT_EQ(browser_->Text("#pause"), "Resume");
  browser_->Type(testing::kEnterKey);
  EXPECT_EQ(browser_->Text("#pause"), "Pause");
  EXPECT_THAT(browser_->Complaints(), IsEmpty());
}

TEST_F(PageTest, HostileNamesStayText) {
  const std::string hostile = "</script><img src=x onerror=\"window.hit=1\"><script>window.hit=1</script>";
  const Child worker = StartWorker(
      [&](Registry& registry) {
        registry.counter({.name = "constructor", .help = hostile, .labels = {"constructor"}})
            .with({hostile})
            .inc(3);
        registry.gauge({.name = "zone", .help = hostile, .labels = {"user_id"}}).with({hostile}).set(5);
        HoldStreams(registry, hostile, 1);
      },
      hostile.substr(0, 30));
  OpenPage("#metric=zone");
  browser_->WaitFor(Words("streams") + "?.includes('onerror')");
  browser_->WaitFor(Words("values") + "?.includes('onerror')");
  browser_->Run("document.querySelector('#metric').focus(); document.querySelector('#metric').click()");
  browser_->WaitFor("document.querySelectorAll('#metrics [role=option]').length === 4");
  browser_->Type("constr");
  browser_->Type(testing::kEnterKey);
  browser_->WaitFor(
      "document.querySelector('#values .legend .name')?.innerText.includes('constructor=\"</script>')");
  EXPECT_THAT(browser_->Text("#about"), HasSubstr("<img src=x"));
  EXPECT_THAT(browser_->Text("#workers tbody .name"), HasSubstr("</script><img"));
  EXPECT_EQ(browser_->Run("return typeof window.hit"), "undefined");
  EXPECT_EQ(browser_->Run("return document.querySelectorAll('img, main script').length"), 0);
  EXPECT_THAT(browser_->Complaints(), IsEmpty());
}

TEST_F(PageTest, ItFitsAPhoneAndFollowsTheColourScheme) {
  const Child worker = StartWorker([](Registry& registry) {
    registry.counter({.name = "audio_quota_violations_total", .labels = {"type"}})
        .with({"concurrent_streams"})
        .inc(7);
    registry.gauge({.name = std::string(200, 'x'), .help = std::string(500, 'y'), .labels = {"z"}})
        .with({std::string(300, 'w')})
        .set(123456789.125);
  });
  browser_->Resize(360, 740);
  browser_->Prefer("prefers-color-scheme", "light");
  OpenPage("#metric=" + std::string(200, 'x'));
  browser_->WaitFor(Words("values") + "?.includes('123M')");
  browser_->WaitFor(Words("violations") + "?.includes('concurrent_streams')");
  EXPECT_EQ(browser_->Run("return document.documentElement.scrollWidth"), 360);
  EXPECT_LE(browser_->Run("return document.querySelector('#values canvas').getBoundingClientRect().right"),
            360);

  const std::string ground = "return getComputedStyle(document.body).backgroundColor";
  const nlohmann::json light = browser_->Run(ground);
  browser_->Prefer("prefers-color-scheme", "dark");
  EXPECT_NE(browser_->Run(ground), light);
  browser_->WaitFor(
      "document.querySelector('#values .swatch').style.backgroundColor === 'rgb(110, 168, 255)'");
  EXPECT_THAT(browser_->Complaints(), IsEmpty());
}

TEST_F(PageTest, ItSaysWhatIsMissingAndGoesOnWhenItIsThereAgain) {
  OpenPage("#metric=ticks_total");
  browser_->WaitFor("document.querySelector('#state').textContent === 'waiting'");
  EXPECT_THAT(browser_->Text("#banner"), HasSubstr("Waiting for a worker to create segment " + segment_));
  EXPECT_THAT(browser_->Text("#segment"), HasSubstr("There is no segment to read."));
  EXPECT_THAT(browser_->Text("#workers caption"), HasSubstr("No worker"));
  EXPECT_THAT(browser_->Complaints(), IsEmpty());

  const Child worker = StartWorker([](Registry& registry) { registry.gauge({.name = "depth"}).set(5); });
  browser_->WaitFor("document.querySelector('#state').textContent === 'attached'");
  EXPECT_EQ(browser_->Text("#banner"), "");
  browser_->WaitFor("/ticks_total: [1-9]/.test(" + Words("values") + ")");

  const std::uint16_t port = agent_->port();
  agent_->process().Kill();
  browser_->WaitFor("document.querySelector('#state').textContent === 'unreachable'");
  EXPECT_THAT(browser_->Text("#banner"), HasSubstr("The agent does not answer"));
  browser_->WaitFor(Words("values") + ".includes('ticks_total: unknown')");
  agent_.emplace(SHMETRICS_AGENT, segment_, port);
  browser_->WaitFor("document.querySelector('#state').textContent === 'attached'");
  browser_->WaitFor("/ticks_total: [1-9]/.test(" + Words("values") + ")");
  EXPECT_EQ(browser_->Text("#banner"), "");
}

TEST_F(PageTest, RatesAndQuantilesAreThoseOfPrometheus) {
  OpenPage();
  const auto module = [this](const std::string& expression) {
    return browser_->Run("const {rates, quantile} = await import('./page/rates.js'); return " + expression);
  };
  EXPECT_EQ(module("quantile(0.5, [1, 2, Infinity], [10, 20, 20])"), 1);
  EXPECT_EQ(module("quantile(0.75, [1, 2, Infinity], [10, 20, 20])"), 1.5);
  EXPECT_EQ(module("quantile(0.95, [1, 2, Infinity], [0, 0, 20])"), 2) << "beyond the last bound: that bound";
  EXPECT_EQ(module("quantile(0.5, [1, Infinity], [4, 4])"), 0.5);
  EXPECT_EQ(module("quantile(0.5, [1, Infinity], [0, 0])"), nullptr);
  const std::string of =
      "rates([[0, 5], [2, 9], [4, 13]].map(([at, v]) => ({at, v, family: {}})), (s) => s.v)";
  EXPECT_EQ(module(of), nlohmann::json::parse("[null, 2, 2]"));
  EXPECT_EQ(module("rates([{at: 0, v: 5, family: {}}, {family: null}, {at: 4, v: 9, family: {}}, "
                   "{at: 6, v: 3, family: {}}], (s) => s.v)"),
            nlohmann::json::parse("[null, null, null, null]"))
      << "no rate reaches over a gap, and none is negative";
}

}  // namespace
}  // namespace shmetrics

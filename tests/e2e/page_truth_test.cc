// The live page shows what is not known as not known.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cmath>
#include <ctime>
#include <limits>
#include <string>

#include "shmetrics/shmetrics.h"
#include "tests/e2e/page_fixture.h"

namespace shmetrics {
namespace {

using testing::Agent;
using testing::Child;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

class PageTruthTest : public testing::PageFixture {
 protected:
  nlohmann::json IsDimmed(const std::string& selector) const {
    return browser_->Run(
        "let e = document.querySelector('" + selector +
        "'); for (; e; e = e.parentElement) if (getComputedStyle(e).opacity < 1) return true; "
        "return false");
  }
};

// Fault P1.
TEST_F(PageTruthTest, AnAgentThatIsGoneLeavesNoBrightNumbers) {
  *streams_ = 3;
  const Child worker = StartWorker([this](Registry& registry) {
    HoldStreams(registry, "42", *streams_);
    registry.counter({.name = "audio_quota_violations_total", .labels = {"type"}})
        .with({"daily_minutes"})
        .inc();
  });
  OpenPage("#metric=ticks_total");
  browser_->WaitFor(Words("streams") + "?.includes('3 active. 42: 3')");
  browser_->WaitFor("/daily_minutes: [1-9].*\\/s \\([0-9.,K]+ so far\\)/.test(" + Words("violations") + ")");
  browser_->WaitFor("/ticks_total: [1-9].*\\/s/.test(" + Words("values") + ")");
  EXPECT_EQ(IsDimmed("#tiles dd"), false);
  EXPECT_THAT(browser_->Text("#updated"), Not(HasSubstr("last seen")));

  agent_->process().Kill();
  browser_->WaitFor("document.querySelector('#state').textContent === 'unreachable'");
  for (const char* part : {"#tiles dd", "#streams .summary", "#violations .value", "#values .legend",
                           "#workers tbody td", "#segment .value"}) {
    EXPECT_EQ(IsDimmed(part), true) << part;
  }
  EXPECT_EQ(IsDimmed("#banner"), false);
  browser_->WaitFor(
      "/last seen [0-9:]{8}, [0-9]+ s ago/.test(document.querySelector('#updated').textContent)");
  for (const char* figure : {"streams", "violations", "values"}) {
    const std::string summary = browser_->Text('#' + std::string(figure) + " .summary");
    EXPECT_THAT(summary, HasSubstr("unknown now; last seen ")) << figure;
    EXPECT_THAT(summary, Not(HasSubstr(" 0/s"))) << figure;
  }
  EXPECT_EQ(
      browser_->Run(
          "return [...document.querySelectorAll('#values .value')].every((e) => e.textContent === '–')"),
      true);
}

// Fault P1.
TEST_F(PageTruthTest, AnAgentThatStandsStillIsNoticedWithoutAnAnswer) {
  const Child worker = StartWorker([](Registry&) {});
  OpenPage();
  browser_->WaitFor("document.querySelector('#state').textContent === 'attached'");
  agent_->process().Signal(SIGSTOP);
  browser_->WaitFor("['silent', 'unreachable'].includes(document.querySelector('#state').textContent)");
  EXPECT_EQ(IsDimmed("#tiles dd"), true);
  agent_->process().Signal(SIGCONT);
  browser_->WaitFor("document.querySelector('#state').textContent === 'attached'");
  EXPECT_EQ(IsDimmed("#tiles dd"), false);
  EXPECT_EQ(browser_->Text("#banner"), "");
}

// Fault P1.
TEST_F(PageTruthTest, WithoutASegmentNothingIsZero) {
  OpenPage();
  browser_->WaitFor("document.querySelector('#state').textContent === 'waiting'");
  EXPECT_EQ(
      browser_->Run("return [...document.querySelectorAll('#tiles dd')].map((e) => e.textContent).join('')"),
      "–––");
  EXPECT_THAT(browser_->Text("#workers caption"), HasSubstr("there is no segment"));
  EXPECT_THAT(browser_->Text("#refusals-summary"), HasSubstr("Not known"));
}

// Fault P1.
TEST_F(PageTruthTest, AgesAreByTheAgentsClockWhateverTheBrowsersSays) {
  const Child worker = StartWorker([](Registry& registry) {
    const GaugeFamily backup = registry.gauge(
        {.name = "backup_timestamp_seconds", .help = "The last backup.", .unit = "seconds"}, GaugeMode::last);
    backup.set(static_cast<double>(std::time(nullptr) - 3'700));
    registry.gauge({.name = "depth", .help = "Of a worker."}, GaugeMode::sum).set(1);
  });
  OpenPage("#metric=backup_timestamp_seconds");
  // Five hours off, and every text is made anew.
  browser_->Run("const now = Date.now; Date.now = () => now() - 5 * 3600 * 1000");
  browser_->WaitFor("/backup_timestamp_seconds: [0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}, 1 h ago/.test(" +
                    Words("values") + ')');
  browser_->WaitFor("document.querySelector('#workers tbody time')?.textContent.endsWith('s ago')");
  const std::string files =
      "performance.getEntriesByType('resource').map((entry) => entry.name)"
      ".filter((name) => name.endsWith('.js') && !name.includes('dygraph'))";
  EXPECT_EQ(browser_->Run("const texts = await Promise.all(" + files +
                          ".map(async (name) => (await fetch(name)).text())); "
                          "return texts.filter((text) => /Date\\.now|new Date\\(\\)/.test(text)).length"),
            0)
      << "a file of the page asks the browser's clock";
  EXPECT_THAT(browser_->Complaints(), IsEmpty());
}

// Fault P1.
TEST_F(PageTruthTest, NumbersOfEverySizeFit) {
  browser_->Resize(390, 844);
  const Child worker = StartWorker([](Registry& registry) {
    const GaugeFamily odd =
        registry.gauge({.name = "odd", .help = "Odd.", .labels = {"which"}}, GaugeMode::last);
    odd.with({"large"}).set(1e308);
    odd.with({"low"}).set(-1e308);
    odd.with({"minus nothing"}).set(-0.0);
    odd.with({"none"}).set(std::nan(""));
    odd.with({"infinite"}).set(std::numeric_limits<double>::infinity());
    odd.with({"tiny"}).set(5e-324);
    for (const char* name : {"odd_bytes", "odd_seconds", "odd_timestamp_seconds", "audio_streaming_active"})
      registry.gauge({.name = name, .help = "Odd."}, GaugeMode::last).set(1.5e308);
    registry.gauge({.name = "tiny", .help = "Tiny."}, GaugeMode::last).set(5e-324);
  });
  OpenPage("#metric=odd");
  browser_->WaitFor(Words("values") + "?.includes('1.00e+308')");
  const std::string words = browser_->Run("return " + Words("values")).get<std::string>();
  for (const char* text : {"\"large\": 1.00e+308", "\"low\": -1.00e+308", "\"minus nothing\": 0",
                           "\"none\": NaN", "\"infinite\": +Inf", "\"tiny\": 4.9e-324"}) {
    EXPECT_THAT(words, HasSubstr(text));
  }
  for (const char* name : {"odd_bytes", "odd_seconds", "odd_timestamp_seconds", "tiny"}) {
    browser_->Run("document.querySelector('#metric').focus(); document.querySelector('#metric').click()");
    browser_->Type(name);
    browser_->Type(testing::kEnterKey);
    browser_->WaitFor("/e[-+]3[02][84]/.test(" + Words("values") + ") && " + Words("values") + ".includes('" +
                      name + ": ')");
    EXPECT_EQ(browser_->Run("return document.documentElement.scrollWidth"), 390) << name;
    EXPECT_EQ(browser_->Run("return [...document.querySelectorAll('dd, .value, .count, .dygraph-axis-label')]"
                            ".filter((e) => e.textContent.length > 24).map((e) => e.textContent).join()"),
              "")
        << name;
  }
  EXPECT_THAT(browser_->Complaints(), IsEmpty());

  const auto shown = [this](const std::string& expression) {
    return browser_->Run("const f = await import('./page/format.js'); return " + expression)
        .get<std::string>();
  };
  EXPECT_EQ(shown("f.number(-0)"), "0");
  EXPECT_EQ(shown("f.whole(-0)"), "0");
  EXPECT_EQ(shown("f.whole(1e300)"), "1.00e+300");
  EXPECT_EQ(shown("f.bytes(NaN)"), "NaN B");
  EXPECT_EQ(shown("f.seconds(-1.5)"), "-1.5 s");
  EXPECT_EQ(shown("f.seconds(Infinity)"), "+Inf s");
  EXPECT_EQ(shown("f.number(123456)"), "123K");
  EXPECT_EQ(shown("f.ago(5000, 2000)"), "in 3 s");
  EXPECT_EQ(shown("f.ago(0, 86400000 * 400)"), "1 years ago");
  EXPECT_THAT(shown("f.instant(0, 1000)"), MatchesRegex("19(69|70)-[0-9-]+ [0-9:]+, 1 s ago"));
  EXPECT_EQ(shown("f.instant(1e308, 0)"), "1.00e+308 s");
  EXPECT_EQ(shown("f.instant(NaN, 0)"), "NaN s");
  EXPECT_EQ(shown("[1e308, -1e308, 1e15, 999999999999999, 5e-324, 1e-4, NaN, Infinity].flatMap((v) => "
                  "[f.number, f.whole, "
                  "f.bytes, f.seconds, f.perSecond].map((show) => show(v))).filter((text) => text.length > "
                  "20).join()"),
            "");
}

}  // namespace
}  // namespace shmetrics

#ifndef SHMETRICS_TESTS_E2E_PAGE_FIXTURE_H_
#define SHMETRICS_TESTS_E2E_PAGE_FIXTURE_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "shmetrics/shmetrics.h"
#include "tests/support/agent.h"
#include "tests/support/browser.h"
#include "tests/support/child.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics::testing {

/// Workers, an agent and its page in a real Chromium.
class PageFixture : public RegistryFixture {
 protected:
  void SetUp() override {
    if (!Browser::IsInstalled())
      GTEST_SKIP() << "no chromium and chromedriver; scripts/setup --tests has them";
    agent_.emplace(SHMETRICS_AGENT, segment_);
    browser_.emplace();
  }

  void OpenPage(const std::string& hash = {}) const {
    browser_->Open("http://127.0.0.1:" + std::to_string(agent_->port()) + '/' + hash);
  }

  /// A worker that does `work` and then adds 1 to ticks_total 100 times a second, until it is stopped.
  Child StartWorker(const std::function<void(Registry&)>& work, const std::string& name = "test") {
    const int before = *ready_;
    Child worker([&, this] {
      RegistryOptions options = options_;
      options.worker_name = name;
      Registry& registry = Registry::open(options);
      const Counter ticks = registry.counter({.name = "ticks_total", .help = "Ticks."}).with({});
      work(registry);
      ++*ready_;
      for (;; usleep(10'000)) {
        work(registry);
        ticks.inc();
      }
    });
    WaitUntil([&] { return *ready_ == before + 1; });
    return worker;
  }

  /// Makes the calling worker hold `count` streams of a user.
  static void HoldStreams(Registry& registry, const std::string& user, std::size_t count) {
    static std::vector<Result<Lease>> held;
    const LeaseGaugeFamily streams =
        registry.lease_gauge({.name = "audio_streaming_active", .labels = {"user_id"}});
    while (held.size() < count) held.push_back(streams.try_acquire({user}));
  }

  /// A JavaScript expression for the words of a chart.
  static std::string Words(const std::string& figure) {
    return "document.querySelector('#" + figure + " .plot').ariaLabel";
  }

  RegistryOptions options_ = Options();  ///< of workers
  std::optional<Agent> agent_;
  std::optional<Browser> browser_;
  SharedPage<std::atomic<int>> ready_;
  SharedPage<std::atomic<std::size_t>> streams_;
};

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_E2E_PAGE_FIXTURE_H_

// Increments in signal handlers: fault 20.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/time.h>

#include <atomic>
#include <cstdint>

#include "shmetrics/shmetrics.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/segment_reading.h"

namespace shmetrics {
namespace {

/// Used by the handler below; set before the first signal.
Counter requests;
FractionalCounter minutes;
Histogram latency;
std::atomic<std::uint64_t> handled{0};

void Count(int) {
  requests.inc();
  minutes.inc(0.5);
  latency.observe(2);
  handled++;
}

class SignalHandlerTest : public testing::RegistryFixture {
 protected:
  SignalHandlerTest() {
    handled = 0;
    struct sigaction action {};
    action.sa_handler = Count;
    sigaction(SIGALRM, &action, &before_);
  }
  ~SignalHandlerTest() override {
    Every(0);
    sigaction(SIGALRM, &before_, nullptr);
  }

  static void Every(suseconds_t microseconds) {
    const itimerval interval = {{0, microseconds}, {0, microseconds}};
    setitimer(ITIMER_REAL, &interval, nullptr);
  }

 private:
  struct sigaction before_ {};
};

TEST_F(SignalHandlerTest, NoIncrementIsLostWhereAHandlerInterruptsOneOfTheSameHandle) {
  constexpr std::uint64_t kSignals = 20'000;
  Registry& registry = Open();
  requests = registry.counter({.name = "requests_total"}).with({});
  minutes = registry.fractional_counter({.name = "minutes_total"}).with({});
  latency = registry.histogram({.name = "latency"}, {1, 4}).with({});

  Every(20);
  std::uint64_t counted = 0;
  while (handled < kSignals) {
    for (int i = 0; i < 100; i++, counted++) {
      requests.inc();
      minutes.inc(0.5);
      latency.observe(2);
    }
  }
  Every(0);
  const std::uint64_t total = counted + handled;
  EXPECT_EQ(Read().Counter("requests_total"), total);
  EXPECT_EQ(Read().FractionalCounter("minutes_total"), 0.5 * static_cast<double>(total));
  EXPECT_EQ(Read().Histogram("latency").count, total);
  EXPECT_EQ(Read().Histogram("latency").sum, 2.0 * static_cast<double>(total));
}

}  // namespace
}  // namespace shmetrics

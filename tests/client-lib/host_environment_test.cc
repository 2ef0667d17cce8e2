// Settings and actions of the application around the library. They must not harm the application or change a
// number.

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/fast_math_observer.h"
#include "tests/support/registry_fixture.h"

namespace shmetrics {
namespace {

using testing::RunInChild;

using HostEnvironmentTest = testing::RegistryFixture;

TEST_F(HostEnvironmentTest, ALimitOnFileSizesIsAnErrorAndNoSignal) {
  EXPECT_EQ(RunInChild([this] {
              const rlimit limit{1U << 20U, 1U << 20U};
              setrlimit(RLIMIT_FSIZE, &limit);
              const RegistryStatus status = Open().status();
              EXPECT_FALSE(status.attached);
              EXPECT_EQ(status.error_code, ErrorCode::kNotCreatable);
              EXPECT_NE(status.error.find("ulimit -f"), std::string::npos) << status.error;
            }),
            0);
}

TEST_F(HostEnvironmentTest, AProgramThatChangesItsFolderStaysWithItsSegment) {
  EXPECT_EQ(RunInChild([this] {
              ASSERT_EQ(chdir(folder_.c_str()), 0);
              RegistryOptions options = Options();
              options.segment = "segment.v1";
              const CounterFamily requests =
                  Registry::open(options).counter({.name = "requests_total", .labels = {"code"}});
              std::filesystem::create_directory("elsewhere");
              ASSERT_EQ(chdir("elsewhere"), 0);
              requests.with({"200"}).inc(3);
              EXPECT_FALSE(std::filesystem::exists("segment.v1"));
            }),
            0);
  EXPECT_EQ(Read().Counter("requests_total{code=\"200\"}"), 3U);
}

TEST_F(HostEnvironmentTest, ACallerCompiledWithFastMathCannotSpoilASum) {
  const HistogramFamily sizes = Open().histogram({.name = "sizes"}, {1.0, 2.0});
  testing::ObserveNanAndInfinitiesWithFastMath(sizes);
  sizes.observe(1.5);
  const testing::HistogramReading reading = Read().Histogram("sizes");
  EXPECT_EQ(reading.count, 4U);
  EXPECT_EQ(reading.sum, 1.5);
  EXPECT_EQ(reading.buckets, (std::vector<std::uint64_t>{1, 1, 2}));
}

std::mutex& ApplicationLock() {
  static std::mutex lock;
  return lock;
}

TEST_F(HostEnvironmentTest, ForkDoesNotWaitForAGaugeThatIsMadeUnderALockTheForkTakes) {
  EXPECT_EQ(RunInChild([this] {
              pthread_atfork([] { ApplicationLock().lock(); }, [] { ApplicationLock().unlock(); },
                             [] { ApplicationLock().unlock(); });
              const GaugeFamily depth = Open().gauge({.name = "depth", .labels = {"queue"}});
              std::atomic<bool> stop{false};
              std::thread maker([&] {
                for (int i = 0; !stop; i++) {
                  const std::lock_guard guard(ApplicationLock());
                  depth.with({std::to_string(i % 90)}).set(i);
                }
              });
              for (int i = 0; i < 100; i++) EXPECT_EQ(RunInChild([] {}), 0);
              stop = true;
              maker.join();
            }),
            0);
}

}  // namespace
}  // namespace shmetrics

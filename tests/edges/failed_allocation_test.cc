// Fault L5. Memory may run out at any allocation of any call. The call then says so, or does without. It
// throws nothing, ends nothing, keeps no lock, and leaves nothing half-made: once there is memory, the same
// call works, here and in other processes.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "shm/snapshot/snapshot.h"
#include "tests/edges/public_calls.h"
#include "tests/support/child.h"
#include "tests/support/fake_clock.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace {

/// How many allocations succeed before one fails; negative: none fails.
std::atomic<std::int64_t> left{-1};
std::atomic<bool> all_others_fail{false};
std::atomic<bool> has_failed{false};

/// Whether pthread_atfork() finds no memory, and how often it has succeeded.
std::atomic<bool> atfork_fails{false};
std::atomic<int> atforks{0};

}  // namespace

// NOLINTBEGIN: names of glibc, whose own pthread_atfork() does the same
extern "C" {
int __register_atfork(void (*prepare)(), void (*parent)(), void (*child)(), void* dso);
int pthread_atfork(void (*prepare)(), void (*parent)(), void (*child)()) noexcept {
  if (atfork_fails) return ENOMEM;
  atforks++;
  return __register_atfork(prepare, parent, child, nullptr);
}
}
// NOLINTEND

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
namespace {

bool Fails() {
  if (left < 0) return false;
  if (left > 0) {
    left--;
    return false;
  }
  if (!all_others_fail) left = -1;
  has_failed = true;
  errno = ENOMEM;
  return true;
}

}  // namespace

// These replace the C library's in the whole program. operator new calls malloc().
// NOLINTBEGIN: names of glibc
extern "C" {
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
void* __libc_memalign(std::size_t alignment, std::size_t bytes);
[[gnu::visibility("default")]] void* malloc(std::size_t bytes) {
  return Fails() ? nullptr : __libc_malloc(bytes);
}
[[gnu::visibility("default")]] void* calloc(std::size_t count, std::size_t bytes) {
  return Fails() ? nullptr : __libc_calloc(count, bytes);
}
[[gnu::visibility("default")]] void* realloc(void* memory, std::size_t bytes) {
  return Fails() ? nullptr : __libc_realloc(memory, bytes);
}
[[gnu::visibility("default")]] void* aligned_alloc(std::size_t alignment, std::size_t bytes) {
  return Fails() ? nullptr : __libc_memalign(alignment, bytes);
}
[[gnu::visibility("default")]] int posix_memalign(void** memory, std::size_t alignment, std::size_t bytes) {
  if (Fails()) return ENOMEM;
  *memory = __libc_memalign(alignment, bytes);
  return *memory == nullptr ? ENOMEM : 0;
}
}
// NOLINTEND
#endif

namespace shmetrics {
namespace {

using testing::Around;
using testing::PublicCall;
using testing::RunInChild;
using testing::Subject;

/// Makes the allocation of this number fail in a call, and with `all_others` those after it.
Around FailingAt(int allocation, bool all_others) {
  return [=](const std::function<void()>& call) {
    all_others_fail = all_others;
    left = allocation - 1;
    call();
    left = -1;
  };
}

void Undisturbed(const std::function<void()>& call) { call(); }

class FailedAllocationTest : public testing::RegistryFixture, public ::testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer has an allocator of its own, which no test can let fail";
#endif
    setenv("SHMETRICS_SEGMENT", (folder_ + "/default.v1").c_str(), 1);
    setenv("AUDIO_TIER_LIMITS_JSON", R"({"free": {"concurrent_jobs": 2, "daily_minutes": 30}})", 1);
  }

  /// Makes the call again and again, with another allocation that fails, until none is left. Each time it is
  /// made once more undisturbed, and must work.
  void Try(Subject& subject, const PublicCall& call) {
    for (int allocation = 1;; allocation++) {
      *at_ = allocation;
      bool is_left = false;
      const auto attempt = [&] {
        has_failed = false;
        call.make(subject, allocation, FailingAt(allocation, GetParam()));
        is_left = has_failed;
        testing::retry_clock_ahead_seconds += 2;  // what failed may be tried again
        EXPECT_TRUE(call.make(subject, allocation, Undisturbed))
            << call.name << " after allocation " << allocation << " failed";
      };
      if (call.is_first) {
        EXPECT_EQ(RunInChild([&] {
                    attempt();
                    *is_left_ = is_left;
                  }),
                  0)
            << call.name << ", allocation " << allocation;
        is_left = *is_left_;
      } else {
        attempt();
      }
      if (!is_left || HasFailure()) return;
    }
  }

  void ExpectAllIsWhole(const Subject& subject) const {
    // Another process decides, counts and shows.
    EXPECT_EQ(RunInChild([&] {
                Registry& registry = Registry::open(subject.options);
                const auto leases = registry.lease_gauge({.name = "uploads", .labels = {"k"}});
                for (int key = 0; key < 256; key++)  // all shards
                  EXPECT_TRUE(leases.try_acquire({std::to_string(key)}, {.limit = 1}).ok());
                registry.gauge({.name = "check"}).set(1);
                EXPECT_EQ(testing::Read(subject.options.segment).Gauge("check"), 1);
              }),
              0);
    const testing::SegmentReading reading = testing::Read(subject.options.segment);
    const shm::Snapshot& all = reading.snapshot();
    const shm::Skipped& skipped = all.skipped;
    EXPECT_EQ(skipped.families + skipped.series + skipped.chains + skipped.gauges + skipped.leases +
                  skipped.exemplars,
              0U);
    EXPECT_EQ(all.segment.mutex_recoveries, 0U) << "somebody let go of a shard that he had not put in order";
    for (const shm::FamilySnapshot& family : all.families) {
      std::uint64_t shown = 0;
      for (const shm::SeriesSnapshot& series : family.series)
        shown += series.labels().starts_with("otel_metric_overflow") ? 0 : 1;
      if (family.name == "seconds_total" || family.name == "latency") {
        EXPECT_EQ(family.registered_series, shown) << family.name;
      }
    }
  }

  void TryEach(const std::vector<PublicCall>& calls) {
    for (const PublicCall& call : calls) {
      folder_of_call_ = folder_ + "/" + std::to_string(&call - calls.data());
      std::filesystem::create_directory(folder_of_call_);
      *at_ = 0;
      EXPECT_EQ(RunInChild([&] {
                  alarm(60);  // a lock that is never free would hang the test
                  Subject subject(folder_of_call_);
                  Try(subject, call);
                  ExpectAllIsWhole(subject);
                }),
                0)
          << call.name << ", allocation " << *at_;
      EXPECT_GT(*at_, 0);
    }
  }

  testing::SharedPage<std::atomic<int>> at_;
  testing::SharedPage<std::atomic<bool>> is_left_;
  std::string folder_of_call_;
};

class RegistryWithoutHandlersTest : public testing::RegistryFixture {};

INSTANTIATE_TEST_SUITE_P(OneOrAllAfterIt, FailedAllocationTest, ::testing::Bool(),
                         [](const auto& all) { return all.param ? "AllAfterIt" : "One"; });

TEST_P(FailedAllocationTest, EveryCallOfCppSaysSoAndWorksAgain) { TryEach(testing::CallsOfCpp()); }
TEST_P(FailedAllocationTest, EveryCallOfCSaysSoAndWorksAgain) { TryEach(testing::CallsOfC()); }

// Counts what was counted, in its own series or as overflow.
TEST_P(FailedAllocationTest, NothingThatIsCountedIsLost) {
  EXPECT_EQ(RunInChild([&] {
              Subject subject(folder_);
              std::uint64_t counted = 0;
              bool is_left = true;
              for (int allocation = 1; is_left; allocation++) {
                const std::string text = Subject::Text(allocation);
                Counter counter;
                has_failed = false;
                FailingAt(allocation, GetParam())([&] { counter = subject.counters.with({text}); });
                is_left = has_failed;
                counter.inc();
                counted++;
              }
              EXPECT_GT(counted, 1U);
              std::uint64_t shown = 0;
              const testing::SegmentReading reading = testing::Read(subject.options.segment);
              for (const shm::SeriesSnapshot& series : reading.Family("requests_total")->series)
                shown += series.integer;
              EXPECT_EQ(shown, counted);
            }),
            0);
}

// Fault L5. The segment's path is out of reach, all slots are taken, and there is no memory to say so: once
// there is a slot, it must still be possible to claim it.
TEST_P(FailedAllocationTest, TheLastWayToAWorkerSlotIsNotLost) {
  if (geteuid() != 0) GTEST_SKIP() << "only root may chroot";
  RegistryOptions options = Options();
  options.worker_slots = 1;
  testing::Child holder([&] {
    Registry::open(options).gauge({.name = "depth"}).set(1);
    pause();
  });
  testing::WaitUntil(
      [&] { return std::filesystem::exists(segment_) && testing::Read(segment_).AliveWorkers() == 1; });
  EXPECT_EQ(RunInChild([&] {
              const auto leases = Registry::open(options).lease_gauge({.name = "uploads"});
              const std::string jail = folder_ + "/jail";
              std::filesystem::create_directory(jail);
              ASSERT_EQ(chroot(jail.c_str()) + chdir("/"), 0);
              alarm(60);  // if it is lost, no attempt ever succeeds
              bool is_left = true;
              for (int allocation = 1; is_left; allocation++) {
                has_failed = false;
                FailingAt(allocation,
                          GetParam())([&] { EXPECT_FALSE(leases.try_acquire({}, {.limit = 1}).ok()); });
                is_left = has_failed;
                testing::retry_clock_ahead_seconds += 100;
              }
              holder.Signal(SIGKILL);
              testing::WaitUntil([&] {
                testing::retry_clock_ahead_seconds += 100;
                return leases.try_acquire({}, {.limit = 1}).ok();
              });
            }),
            0);
}

// Fault L5. Without the handlers of fork(), a child would inherit the locks of its parent.
TEST_F(RegistryWithoutHandlersTest, ARegistryThatCannotPrepareForForkAttachesLater) {
  // Those of ForkGuard are registered when the program is loaded.
  if (atforks > 1) GTEST_SKIP() << "another test of this process has registered the handlers of fork()";
  EXPECT_EQ(
      RunInChild([&] {
        atfork_fails = true;
        Registry& registry = Open();
        EXPECT_FALSE(registry.status().attached);
        EXPECT_NE(registry.status().error, "");
        atfork_fails = false;
        testing::retry_clock_ahead_seconds += 2;
        registry.gauge({.name = "depth"}).set(1);
        EXPECT_TRUE(registry.status().attached);
        EXPECT_EQ(atforks, 2) << "each of the two is registered once";
        EXPECT_EQ(RunInChild([&] { EXPECT_TRUE(registry.lease_gauge({.name = "l"}).live({}).ok()); }), 0)
            << "the child is known as one that fork() has made";
      }),
      0);
}

}  // namespace
}  // namespace shmetrics

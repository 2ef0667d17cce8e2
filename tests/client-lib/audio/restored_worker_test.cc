// A process restored from an image: it has its memory but not its locks. Fault 39.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "shm/base/unique_fd.h"
#include "shm/segment/segment.h"
#include "shm/snapshot/snapshot.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using namespace std::chrono_literals;
using testing::Child;
using testing::WaitUntil;

class RestoredWorkerTest : public testing::RegistryFixture {
 protected:
  RestoredWorkerTest() {
    requests_.inc(3);
    depth_.set(5);
    std::this_thread::sleep_for(150ms);  // the library checks ten times a second
    depth_.set(5);
  }

  /// Maps the read-only mappings of the segment again, through a new descriptor, like a tool that restores a
  /// process. This closes the description that holds the locks.
  void LoseLocks() {
    std::ifstream maps("/proc/self/maps");
    int pages = 0;
    for (std::string line; std::getline(maps, line);) {
      if (!line.ends_with(segment_) || line.find(" r--s ") == std::string::npos) continue;
      char* end = nullptr;
      const std::uintptr_t begin = std::strtoull(line.c_str(), &end, 16);
      const std::size_t bytes = std::strtoull(end + 1, nullptr, 16) - begin;
      const shm::UniqueFd file(open(segment_.c_str(), O_RDONLY | O_CLOEXEC));
      void* page = reinterpret_cast<void*>(begin);  // NOLINT(performance-no-int-to-ptr)
      ASSERT_EQ(mmap(page, bytes, PROT_READ, MAP_SHARED | MAP_FIXED, file.get(), 0), page);
      pages++;
    }
    ASSERT_EQ(pages, 1) << "the one that keeps the locks";
    ASSERT_EQ(Read().AliveWorkers(), 0U);
  }
  Result<Lease> Acquire() {
    return registry_.lease_gauge({.name = "uploads", .labels = {"user_id"}})
        .try_acquire({"42"}, {.limit = 1});
  }

  Registry& registry_ = Open();
  const Counter requests_ = registry_.counter({.name = "requests_total"}).with({});
  const Gauge depth_ = registry_.gauge({.name = "depth"}).with({});
};

TEST_F(RestoredWorkerTest, IsDeadUntilItsNextGaugeAndItsCountersGoOn) {
  LoseLocks();
  EXPECT_EQ(Read().Gauge("depth"), std::nullopt);
  requests_.inc();
  EXPECT_EQ(Read().Counter("requests_total"), 4U);
  WaitUntil([&] {
    depth_.set(7);
    return Read().AliveWorkers() == 1;
  });
  depth_.add(1);
  EXPECT_EQ(Read().Gauge("depth"), 8.0);
  requests_.inc();
  registry_.counter({.name = "requests_total"}).inc();
  EXPECT_EQ(Read().Counter("requests_total"), 6U);
}

TEST_F(RestoredWorkerTest, ItsLeasesHaveEndedAndTheNextOneIsShown) {
  const Result<Lease> before = Acquire();
  ASSERT_TRUE(before.ok());
  LoseLocks();
  EXPECT_EQ(Read().Gauge("uploads{user_id=\"42\"}"), std::nullopt);
  Result<Lease> after = Lease();
  WaitUntil([&] {
    after = Lease();
    after = Acquire();
    return Read().AliveWorkers() == 1;
  });
  EXPECT_TRUE(after.ok());
  EXPECT_EQ(Read().Gauge("uploads{user_id=\"42\"}"), 1.0);
}

TEST_F(RestoredWorkerTest, LeavesItsFormerSlotToTheWorkerThatHasClaimedIt) {
  LoseLocks();
  // The process was restored on another host, so nobody here has its id.
  const auto segment = shm::Segment::Attach(segment_, shm::Segment::Access::kReadWrite);
  segment.value()->worker_slot(0).pid = INT32_MAX;
  const testing::SharedPage<std::atomic<bool>> ready;
  const Child successor([&] {
    Open().gauge({.name = "depth"}).set(100);
    ready->store(true);
    for (;;) pause();
  });
  WaitUntil([&] { return ready->load(); });
  EXPECT_EQ(Read().snapshot().workers.size(), 1U) << "the same slot";
  std::this_thread::sleep_for(150ms);
  depth_.set(7);
  EXPECT_EQ(Read().Gauge("depth"), 107.0);
  EXPECT_EQ(Read().AliveWorkers(), 2U);
}

}  // namespace
}  // namespace shmetrics

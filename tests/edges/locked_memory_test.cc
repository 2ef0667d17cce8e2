// Fault L7. A real-time process locks its memory. A segment is mostly holes, and none of them may be filled
// for that.

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/give_up_rights.h"
#include "tests/support/registry_fixture.h"

namespace shmetrics {
namespace {

using testing::RunInChild;

class LockedMemoryTest : public testing::RegistryFixture {
 protected:
  RegistryOptions LargeSegment() const {
    RegistryOptions options = Options();
    options.segment_bytes = 128U << 20U;
    return options;
  }
  /// Makes the segment, or attaches to it, counts, and reads it as an agent does. The program fails if it
  /// could not.
  void Use() const {
    Registry& registry = Registry::open(LargeSegment());
    registry.counter({.name = "requests_total"}).inc();
    registry.gauge({.name = "depth"}).set(3);
    if (!registry.status().attached) {
      std::fprintf(stderr, "not attached: %s\n", registry.status().error.c_str());
      _exit(2);
    }
    if (Read().Gauge("depth") != 3.0) _exit(3);
  }
  std::int64_t BlocksTaken() const {
    struct stat file {};
    EXPECT_EQ(stat(segment_.c_str(), &file), 0);
    return file.st_blocks;
  }
};

// Fault L7.
TEST_F(LockedMemoryTest, AProcessThatLocksWhatItWillMapTakesWhatIsCommittedAndNoMore) {
  ASSERT_EQ(RunInChild([&] { Use(); }), 0);
  const std::int64_t without = BlocksTaken();
  ASSERT_EQ(RunInChild([&] {
              ASSERT_EQ(mlockall(MCL_FUTURE), 0);
              Use();
            }),
            0);
  EXPECT_EQ(BlocksTaken(), without) << "of one that attaches";
  std::filesystem::remove(segment_);
  ASSERT_EQ(RunInChild([&] {
              ASSERT_EQ(mlockall(MCL_FUTURE), 0);
              Use();
            }),
            0);
  EXPECT_EQ(BlocksTaken(), without) << "of one that makes the segment";
}

// Fault L7.
TEST_F(LockedMemoryTest, AUserWhoMayLockOnly64KiBAttachesAllTheSame) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  ASSERT_EQ(chown(folder_.c_str(), testing::kNobody, testing::kNobody), 0);
  EXPECT_EQ(RunInChild([&] {
              const rlimit limit{64U << 10U, 64U << 10U};
              ASSERT_EQ(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
              ASSERT_TRUE(testing::GiveUpRights());
              // The heap may not grow any more, so it grows now.
              mallopt(M_TOP_PAD, 16 << 20);
              mallopt(M_MMAP_THRESHOLD, 16 << 20);
              void* volatile grown = std::malloc(1 << 20);  // else the compiler leaves both calls out
              std::free(grown);
              ASSERT_EQ(mlockall(MCL_FUTURE), 0);
              Use();
            }),
            0);
}

// Fault L7. The README's remedy for a process that locks its memory when it has attached already.
TEST_F(LockedMemoryTest, LockingOnFaultAfterwardsTakesNoMoreEither) {
  EXPECT_EQ(RunInChild([&] {
              Use();
              const std::int64_t before = BlocksTaken();
              ASSERT_EQ(mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT), 0);
              EXPECT_EQ(BlocksTaken(), before);
            }),
            0);
}

}  // namespace
}  // namespace shmetrics

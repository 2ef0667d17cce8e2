#include "shm/workers/cpu_stripes.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>

#include "shm/cells.h"
#include "tests/support/bare_worker.h"
#include "tests/support/child.h"
#include "tests/support/private_folder.h"

namespace shmetrics::shm {
namespace {

// Runs in children, because a process reads its environment once.
class CpuStripesTest : public ::testing::Test {
 protected:
  testing::PrivateFolder folder_;
  testing::BareWorker worker_{folder_ / "segment"};
};

TEST_F(CpuStripesTest, AreAllThoseOfTheSegmentIfTheProcessorStoresSixteenBytesAtOnce) {
#ifdef __x86_64__
  const bool does = __builtin_cpu_supports("avx") != 0;
#else
  const bool does = false;
#endif
  const std::uint32_t all = worker_.segment().header().stripe_count - kAtomicStripes;
  ASSERT_GT(all, 0U);
  EXPECT_EQ(testing::RunInChild([&] {
              unsetenv("SHMETRICS_RSEQ");
              EXPECT_EQ(UsableCpuStripes(worker_.segment()), does ? all : 0);
            }),
            0);
}

TEST_F(CpuStripesTest, AreNoneIfTheEnvironmentSaysOff) {
  EXPECT_EQ(testing::RunInChild([this] {
              setenv("SHMETRICS_RSEQ", "off", 1);
              EXPECT_EQ(UsableCpuStripes(worker_.segment()), 0U);
            }),
            0);
}

}  // namespace
}  // namespace shmetrics::shm

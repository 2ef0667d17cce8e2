#include "agent/view/bus_guard.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "shm/base/unique_fd.h"
#include "tests/agent/view/segment_writer.h"

namespace shmetrics::agent {
namespace {

constexpr std::size_t kBytes = 16384;

/// A file of four pages of the byte 7, mapped read-only.
class BusGuardTest : public ::testing::Test {
 protected:
  BusGuardTest() : fd_(open((folder_ / "file").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)) {
    const std::string bytes(kBytes, 7);
    EXPECT_EQ(write(fd_.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(kBytes));
    void* const mapping = mmap(nullptr, kBytes, PROT_READ, MAP_SHARED, fd_.get(), 0);
    EXPECT_NE(mapping, MAP_FAILED);
    bytes_ = static_cast<const volatile char*>(mapping);
    BusGuard::Install();
  }
  void TearDown() override { munmap(const_cast<char*>(bytes_), kBytes); }

  shmetrics::testing::TemporaryFolder folder_;
  shm::UniqueFd fd_;
  const volatile char* bytes_;
};

TEST_F(BusGuardTest, ReadingAWholeFileIsNoHit) {
  const BusGuard guard;
  EXPECT_EQ(bytes_[0] + bytes_[kBytes - 1], 14);
  EXPECT_FALSE(guard.was_hit());
}

// Fault 23.
TEST_F(BusGuardTest, ReadingBehindTheCutGivesZerosAndIsAHit) {
  ASSERT_EQ(ftruncate(fd_.get(), 4096), 0);
  const BusGuard guard;
  EXPECT_EQ(bytes_[4095], 7);
  EXPECT_FALSE(guard.was_hit());
  EXPECT_EQ(bytes_[4096 + 17], 0);
  EXPECT_EQ(bytes_[kBytes - 1], 0);
  EXPECT_TRUE(guard.was_hit());
}

TEST_F(BusGuardTest, EachGuardAnswersForItself) {
  ASSERT_EQ(ftruncate(fd_.get(), 4096), 0);
  {
    const BusGuard first;
    EXPECT_EQ(bytes_[4096], 0);
    EXPECT_TRUE(first.was_hit());
  }
  const BusGuard second;
  EXPECT_EQ(bytes_[0], 7);
  EXPECT_FALSE(second.was_hit());
}

TEST_F(BusGuardTest, WithoutAGuardTheProcessDiesOfSigbus) {
  ASSERT_EQ(ftruncate(fd_.get(), 4096), 0);
  EXPECT_EXIT({ [[maybe_unused]] const char byte = bytes_[4096]; }, ::testing::KilledBySignal(SIGBUS), "");
}

TEST_F(BusGuardTest, ASentSigbusIsNoHitAndKills) {
  EXPECT_EXIT(
      {
        const BusGuard guard;
        raise(SIGBUS);
      },
      ::testing::KilledBySignal(SIGBUS), "");
}

}  // namespace
}  // namespace shmetrics::agent

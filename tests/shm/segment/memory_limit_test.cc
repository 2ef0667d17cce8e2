#include "shm/segment/memory_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "shm/segment/segment.h"
#include "tests/support/bare_worker.h"
#include "tests/support/child.h"
#include "tests/support/mount_namespace.h"
#include "tests/support/private_folder.h"

namespace shmetrics::shm {
namespace {

using testing::BareWorker;
using testing::PrivateFolder;

bool WriteTo(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  return file.good();
}

/// A control group with a memory limit. Its version, 1 or 2, is the one that this host has.
class MemoryGroup {
 public:
  explicit MemoryGroup(const std::string& limit) {
    const std::string name = "/shmetrics-test-" + std::to_string(getpid());
    for (const std::string& top : {std::string("/sys/fs/cgroup/memory"), std::string("/sys/fs/cgroup")}) {
      std::error_code error;
      if (!std::filesystem::create_directory(top + name, error)) continue;
      folder_ = top + name;
      usable_ = WriteTo(folder_ + "/memory.limit_in_bytes", limit) || WriteTo(folder_ + "/memory.max", limit);
      if (usable_) return;
      rmdir(folder_.c_str());
    }
  }
  ~MemoryGroup() { rmdir(folder_.c_str()); }

  bool usable() const { return usable_; }
  /// Moves the calling process to the group above.
  bool LeaveToParent() const { return WriteTo(folder_ + "/../cgroup.procs", std::to_string(getpid())); }
  /// Runs `body` in a child inside the group. Returns how it ended.
  int Run(const std::function<void()>& body) const {
    return testing::RunInChild([&] {
      ASSERT_TRUE(WriteTo(folder_ + "/cgroup.procs", std::to_string(getpid())));
      body();
    });
  }

 private:
  std::string folder_;
  bool usable_ = false;
};

class MemoryGroupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!group_.usable()) GTEST_SKIP() << "this user may not make a control group with a memory limit";
  }

  const MemoryGroup group_{"8388608"};
  PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
};

TEST_F(MemoryGroupTest, HeadroomIsWhatTheLimitLeaves) {
  EXPECT_EQ(group_.Run([] {
    const std::uint64_t before = MemoryHeadroom().value();
    EXPECT_LE(before, 8U << 20U);
    EXPECT_GE(before, 4U << 20U);
    const std::size_t bytes = 2U << 20U;
    void* memory =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    // The kernel counts in batches of 64 pages for each CPU, and may give some back meanwhile.
    EXPECT_LE(MemoryHeadroom().value(), before - bytes / 2);
  }),
            0);
}

// Fault 22. If the library did not ask beforehand, the kernel would kill, and Run would return 137.
TEST_F(MemoryGroupTest, CreationBeyondTheLimitIsRefusedAndNobodyIsKilled) {
  EXPECT_EQ(group_.Run([&] {
    const auto segment = Segment::AttachOrCreate(
        path_, {.bytes = 256U << 20U, .series_limit = 1U << 22U});  // 16 MiB of chains
    ASSERT_FALSE(segment.ok());
    EXPECT_EQ(segment.error().code, ErrorCode::kOutOfMemory);
    EXPECT_THAT(segment.error().message, ::testing::HasSubstr("control group"));
    EXPECT_FALSE(std::filesystem::exists(path_));
  }),
            0);
}

// Fault 22.
TEST_F(MemoryGroupTest, GrowthBeyondTheLimitIsRefusedAndNobodyIsKilled) {
  EXPECT_EQ(group_.Run([&] {
    BareWorker worker(path_, {.bytes = 64U << 20U, .series_limit = 1'000, .family_series_limit = 10});
    Result<std::uint64_t> last = worker.arena().AllocateRecord(16);
    std::uint64_t taken = 0;
    while (last.ok()) {
      last = worker.arena().AllocateRecord(64U << 10U);
      if (last.ok()) taken += 64U << 10U;
    }
    EXPECT_EQ(last.error().code, ErrorCode::kOutOfMemory) << last.error().message;
    EXPECT_GE(taken, 1U << 20U) << "refused long before the limit";
    EXPECT_LE(taken, 7U << 20U) << "nothing was left to the process";
  }),
            0);
}

/// Expects that nothing is committed, because nobody knows the limit.
void ExpectUnknown() {
  const Result<std::uint64_t> headroom = MemoryHeadroom();
  ASSERT_FALSE(headroom.ok()) << headroom.value();
  EXPECT_EQ(headroom.error().code, ErrorCode::kUnknown);
  EXPECT_THAT(headroom.error().message, ::testing::HasSubstr("is not mounted here"));
}

// Fault L3.
TEST_F(MemoryGroupTest, AGroupWhoseHierarchyIsNotMountedHereIsUnknownAndNotWithoutALimit) {
  if (!testing::CanMount(folder_.path())) GTEST_SKIP() << "this user may not mount";
  EXPECT_EQ(group_.Run([&] {
    ASSERT_TRUE(testing::EnterMountNamespace());
    ASSERT_EQ(umount2("/sys/fs/cgroup", MNT_DETACH), 0);
    ExpectUnknown();
  }),
            0);
}

// Fault L3. The kernel shows such a group as "/..".
TEST_F(MemoryGroupTest, AGroupOutsideOfTheNamespaceIsUnknownToo) {
  EXPECT_EQ(group_.Run([&] {
    ASSERT_EQ(unshare(CLONE_NEWCGROUP), 0);
    ASSERT_TRUE(group_.LeaveToParent());
    ExpectUnknown();
  }),
            0);
}

TEST(CommitPagesTest, PagesAreZeroAndContentsStay) {
  constexpr std::size_t kBytes = 64U << 10U;
  auto* memory =
      static_cast<char*>(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(memory, MAP_FAILED);
  memory[5'000] = 'x';
  ASSERT_TRUE(CommitPages(memory, kBytes).ok());
  ASSERT_TRUE(CommitPages(memory, kBytes).ok()) << "a second time";
  unsigned char resident[kBytes / 4'096];
  ASSERT_EQ(mincore(memory, kBytes, resident), 0);
  for (const unsigned char page : resident) EXPECT_EQ(page & 1, 1);
  for (std::size_t at = 0; at < kBytes; at++) ASSERT_EQ(memory[at], at == 5'000 ? 'x' : '\0');
  munmap(memory, kBytes);
}

// This happens where the kernel's pages are larger than those of the layout.
TEST(CommitPagesTest, WhatBeginsWithinAPageIsCommitted) {
  constexpr std::size_t kBytes = 128U << 10U;
  auto* memory =
      static_cast<char*>(mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(memory, MAP_FAILED);
  const auto committed = CommitPages(memory + kBytes - 100, 100);
  EXPECT_TRUE(committed.ok()) << committed.error().message;
  unsigned char resident = 0;
  EXPECT_EQ(mincore(memory + kBytes - 4'096, 1, &resident), 0);
  EXPECT_EQ(resident & 1, 1);
  munmap(memory, kBytes);
}

TEST(CommitPagesTest, UnmappedPagesAreAnErrorAndNoSignal) {
  // Below vm.mmap_min_addr: another thread or a sanitizer may map what was unmapped a moment ago, but never
  // this.
  const auto committed = CommitPages(reinterpret_cast<char*>(4'096), 4'096);
  ASSERT_FALSE(committed.ok());
  EXPECT_EQ(committed.error().code, ErrorCode::kOutOfMemory);
}

}  // namespace
}  // namespace shmetrics::shm

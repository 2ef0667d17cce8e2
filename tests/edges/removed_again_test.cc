// Fault L6. Something removes the segment's file again and again. A process moves to the next one at most
// once a second, keeps a bounded number of the old ones, and says so.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "shm/layout/layout.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/fake_clock.h"
#include "tests/support/registry_fixture.h"

namespace shmetrics {
namespace {

using shm::layout::Refusal;
using testing::on_retry_clock;
using testing::retry_clock_ahead_seconds;
using testing::RunInChild;

/// The path for what on_retry_clock points to.
std::string* removed_path = nullptr;
std::uintptr_t highest_frame = 0;
std::uintptr_t lowest_frame = 0;

int removals_left = 0;

/// Time passes, the file is gone, and the stack is as deep as it is.
void RemoveAndMeasure() {
  if (removals_left-- > 0) unlink(removed_path->c_str());
  retry_clock_ahead_seconds += 2;
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  highest_frame = std::max(highest_frame, here);
  lowest_frame = std::min(lowest_frame, here);
}

class RemovedAgainTest : public testing::RegistryFixture {
 protected:
  void Remove() const { std::filesystem::remove(segment_); }
  /// How many files of this name the process has mapped.
  int Mappings() const {
    std::ifstream maps("/proc/self/maps");
    std::set<std::string> inodes;
    for (std::string line; std::getline(maps, line);) {
      std::istringstream words(line);
      std::string range, mode, offset, device, inode;
      words >> range >> mode >> offset >> device >> inode;
      if (line.find(segment_) != std::string::npos) inodes.insert(inode);
    }
    return static_cast<int>(inodes.size());
  }
  std::uint64_t NotFollowed() const { return Read().Refusals(Refusal::kNotFollowed); }

  /// How much stack it takes to move gauges while the new file is removed so many times.
  std::uintptr_t StackToMove(int removals) const {
    removals_left = removals;
    Registry& registry = Open();
    const GaugeFamily depth = registry.gauge({.name = "depth", .labels = {"n"}});
    for (int i = 0; i < 50; i++) depth.with({std::to_string(i)}).set(1);
    highest_frame = 0;
    lowest_frame = UINTPTR_MAX;
    Remove();
    on_retry_clock = RemoveAndMeasure;
    registry.counter({.name = "moved_total"}).inc();
    on_retry_clock = nullptr;
    return highest_frame - lowest_frame;
  }
};

// Fault L6.
TEST_F(RemovedAgainTest, ThereIsAtMostOneMoreMappingForEachSecond) {
  EXPECT_EQ(RunInChild([&] {
              std::atomic<bool> stop{false};
              std::thread remover([&] {
                while (!stop) {
                  unlink(segment_.c_str());
                  std::this_thread::yield();
                }
              });
              const auto begin = std::chrono::steady_clock::now();
              Registry& registry = Open();
              const CounterFamily requests = registry.counter({.name = "requests_total", .labels = {"n"}});
              const GaugeFamily depth = registry.gauge({.name = "depth", .labels = {"n"}});
              for (int i = 0; Mappings() < 3 || i < 2'000; i++) {
                requests.with({std::to_string(i)}).inc();
                depth.with({std::to_string(i % 50)}).set(i);
              }
              const int mappings = Mappings();
              const auto seconds = std::chrono::steady_clock::now() - begin;
              stop = true;
              remover.join();
              EXPECT_LE(mappings, std::chrono::duration_cast<std::chrono::seconds>(seconds).count() + 3);
            }),
            0);
}

// Fault L6.
TEST_F(RemovedAgainTest, MovingGaugesWhileEachNewFileIsRemovedTakesNoMoreStackWithEachRemoval) {
  removed_path = &segment_;
  const auto stack_in_child = [&](int removals) {
    // By its exit code, in units of 256 bytes.
    return RunInChild(
        [&] { _exit(static_cast<int>(std::min<std::uintptr_t>(StackToMove(removals) / 256, 255))); });
  };
  const int few = stack_in_child(10);
  EXPECT_GT(few, 0);
  EXPECT_LE(stack_in_child(1'000), 2 * few);
}

// Fault L6.
TEST_F(RemovedAgainTest, AProcessThatHasLeftManySegmentsStaysInTheLastAndSaysSo) {
  EXPECT_EQ(RunInChild([&] {
              Registry& registry = Open();
              const CounterFamily requests = registry.counter({.name = "requests_total", .labels = {"n"}});
              for (int i = 0; i < 100; i++) {
                Remove();
                retry_clock_ahead_seconds += 2;
                requests.with({std::to_string(i)}).inc();
              }
              EXPECT_LE(Mappings(), 65);
              EXPECT_FALSE(std::filesystem::exists(segment_));
              EXPECT_NE(registry.status().error.find("keeps 64 replaced ones"), std::string::npos)
                  << registry.status().error;
              Open().counter({.name = "of_another_worker_total"}).inc();
              const int mappings = Mappings();
              EXPECT_EQ(NotFollowed(), 0U);
              retry_clock_ahead_seconds += 2;
              requests.with({"last"}).inc();
              EXPECT_EQ(NotFollowed(), 1U) << "the agent cannot see that its numbers are not all";
              EXPECT_EQ(Mappings(), mappings);
            }),
            0);
}

// Fault L6.
TEST_F(RemovedAgainTest, AProcessThatFollowsLateIsCountedAndBringsItsGauges) {
  EXPECT_EQ(RunInChild([&] {
              Registry& registry = Open();
              const Gauge depth = registry.gauge({.name = "depth"}).with({});
              const CounterFamily requests = registry.counter({.name = "requests_total", .labels = {"n"}});
              depth.set(1);
              Remove();
              requests.with({"first"}).inc();
              EXPECT_EQ(NotFollowed(), 0U) << "it followed at once";
              Remove();
              requests.with({"second"}).inc();
              depth.set(2);
              EXPECT_FALSE(std::filesystem::exists(segment_)) << "twice in a second";
              EXPECT_FALSE(registry.status().error.empty());
              retry_clock_ahead_seconds += 2;
              requests.with({"third"}).inc();
              EXPECT_EQ(NotFollowed(), 1U);
              EXPECT_EQ(Read().Gauge("depth"), 2.0);
              EXPECT_TRUE(registry.status().error.empty());
            }),
            0);
}

}  // namespace
}  // namespace shmetrics

// Faults L13 and L14. A child must inherit no descriptor through which its parent holds or takes a lock: as
// long as the child kept it open, the kernel would report its dead parent as alive. And fork() must return,
// also from a signal handler, where POSIX allows it.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <climits>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>

#include "shm/base/crash_point.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/registry_fixture.h"

namespace shmetrics {
namespace {

using testing::Child;
using testing::RunInChild;

constexpr int kDescriptors = 64;
constexpr int kForks = 400;

/// True if `fd` of this process and a descriptor of its parent are one open file. What is done to the file
/// through one of them, a lock above all, is then done through both.
bool IsSharedWithParent(int fd) {
  for (int theirs = 3; theirs < kDescriptors; theirs++) {
    if (syscall(SYS_kcmp, getppid(), getpid(), KCMP_FILE, theirs, fd) == 0) return true;
  }
  return false;
}

/// How many of the low descriptors of this process lead into /proc, which shmetrics reads, or are a parent's
/// open file that can write to `folder`. A child keeps a descriptor that only asks who lives, and one of the
/// lock file, whose locks belong to the process; and it opens one of its own for its slot. Takes no memory: in a child of many threads,
/// AddressSanitizer's allocator may be locked for good.
int InheritedDescriptors(const std::string& folder) {
  int found = 0;
  for (int fd = 3; fd < kDescriptors; fd++) {
    std::array<char, 64> link{};
    std::array<char, PATH_MAX> target{};
    std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", fd);
    const ssize_t length = readlink(link.data(), target.data(), target.size());
    if (length <= 0) continue;
    const std::string_view path(target.data(), static_cast<std::size_t>(length));
    const bool can_write = (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
    const bool is_ours = path.substr(0, folder.size()) == folder;
    const bool can_lock = is_ours && can_write && !path.ends_with(".lock");
    if (path.substr(0, 6) == "/proc/" || (can_lock && IsSharedWithParent(fd))) found++;
  }
  return found;
}

class InheritedDescriptorTest : public testing::RegistryFixture {
 protected:
  /// Forks again and again beside a thread that does `work`. The number of children that inherited something.
  template <typename Work>
  int LeakingChildrenBeside(const Work& work) const {
    std::atomic<bool> stop{false};
    std::thread worker([&] {
      while (!stop) work();
    });
    int leaking = 0;
    for (int i = 0; i < kForks; i++) {
      const pid_t child = fork();
      if (child == 0) _exit(InheritedDescriptors(folder_) == 0 ? 0 : 1);
      if (Child(child).Wait() != 0) leaking++;
    }
    stop = true;
    worker.join();
    return leaking;
  }
};

// Fault L14.
TEST_F(InheritedDescriptorTest, NoChildInheritsAnythingThatCanLockBesideDecisions) {
  const LeaseGaugeFamily streams = Open().lease_gauge({.name = "streams", .labels = {"user"}});
  // The owner is another process, so each refused request asks the kernel about it.
  const Child owner([&] {
    const auto held = streams.try_acquire({"42"}, {.limit = 1});
    pause();
  });
  testing::WaitUntil([&] { return !streams.try_acquire({"42"}, {.limit = 1}).ok(); });
  EXPECT_EQ(LeakingChildrenBeside([&] { (void)streams.try_acquire({"42"}, {.limit = 1}); }), 0);
}

// Fault L14.
TEST_F(InheritedDescriptorTest, NoChildInheritsADescriptorOfASegmentThatIsBeingOpened) {
  // In a child, because each round leaves a mapping.
  EXPECT_EQ(RunInChild([&] {
              std::atomic<int> round{0};
              EXPECT_EQ(LeakingChildrenBeside([&] {
                          if (round++ >= 300) return;
                          RegistryOptions options = Options();
                          options.segment = folder_ + "/" + std::to_string(round) + ".v1";
                          Registry::open(options).gauge({.name = "depth"}).with({}).set(1);
                        }),
                        0);
            }),
            0);
}

// Fault L14.
TEST_F(InheritedDescriptorTest, NoChildInheritsMoreThanTheLockFileOfSharedNamespaces) {
  RegistryOptions options = Options();
  options.shared_pid_namespaces = true;
  const LeaseGaugeFamily streams =
      Registry::open(options).lease_gauge({.name = "streams", .labels = {"user"}});
  EXPECT_EQ(LeakingChildrenBeside([&] { (void)streams.try_acquire({"42"}, {.limit = 1}); }), 0);
}

std::string* place_of_the_signal = nullptr;
std::string* folder_of_the_segment = nullptr;
int signals = 0;
int outcome = 0;

/// What a SIGCHLD handler of an old server does: it forks, and waits for the child.
void Handle(int) {
  const pid_t child = fork();
  if (child == 0) _exit(InheritedDescriptors(*folder_of_the_segment) == 0 ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  outcome |= status;
}

class ForkInAHandlerTest : public InheritedDescriptorTest,
                           public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(EachPlace, ForkInAHandlerTest,
                         ::testing::Values("segment_mapped", "segment_filled", "slot_claim_locked",
                                           "slot_taken_over", "slot_live_locked"));

// Fault L13.
TEST_P(ForkInAHandlerTest, AForkInAHandlerThatInterruptsAnOpenFileReturnsAndItsChildHasNone) {
  EXPECT_EQ(RunInChild([&] {
              place_of_the_signal = new std::string(GetParam());
              folder_of_the_segment = new std::string(folder_);
              signal(SIGUSR1, Handle);
              alarm(60);  // a fork that never returns would otherwise hang the test
              shm::crash_point_hook = [](const char* name) {
                if (*place_of_the_signal != name) return;
                signals++;
                raise(SIGUSR1);
              };
              Registry& registry = Open();
              const GaugeFamily depth = registry.gauge({.name = "depth"});
              depth.with({}).set(5);
              shm::crash_point_hook = nullptr;
              EXPECT_EQ(signals, 1);
              EXPECT_EQ(outcome, 0) << "the child inherited a descriptor of the segment";
              EXPECT_EQ(Read().Gauge("depth"), 5.0);
            }),
            0);
}

}  // namespace
}  // namespace shmetrics

#include "shm/cpu_cells.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

#include "shm/cells.h"
#include "shm/snapshot/cell_reader.h"
#include "tests/support/child.h"

namespace shmetrics::shm {
namespace {

using testing::Child;
using testing::RunInChild;

/// One block of cells that children share: atomic stripes, and one stripe for each CPU.
class CpuCellsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(memory_, MAP_FAILED);
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "ThreadSanitizer does not know restartable sequences";
#endif
    if (__rseq_size == 0) GTEST_SKIP() << "the C library has not registered restartable sequences";
    ASSERT_EQ(RunInChild([this] { EXPECT_TRUE(AddOnCpu(counter().first_of_cpus(), cpus_, 0)); }), 0);
  }
  ~CpuCellsTest() override { munmap(memory_, bytes()); }

  Column<std::uint64_t> counter() const { return {static_cast<std::uint64_t*>(memory_), cpus_}; }
  Column<std::uint64_t> fractions() const { return {counter().first + 1, cpus_}; }
  Column<HistogramCell> bucket() const {
    return {reinterpret_cast<HistogramCell*>(counter().first) + 1, cpus_};
  }

  std::uint64_t Count() const { return SumOf(stripes()); }
  std::uint64_t CountInAtomicStripes() const { return SumOf(kAtomicStripes); }
  double Fractions() const { return SumOfFractions(reinterpret_cast<char*>(fractions().first), stripes()); }
  BucketSnapshot Bucket() const {
    std::vector<BucketSnapshot> buckets;
    AppendBuckets(reinterpret_cast<char*>(bucket().first), 1, stripes(), &buckets);
    return buckets[0];
  }

  std::uint64_t SumOf(std::uint32_t first_stripes) const {
    std::uint64_t sum = 0;
    SumIntegers(static_cast<char*>(memory_), 1, first_stripes, &sum);
    return sum;
  }
  std::uint32_t stripes() const { return kAtomicStripes + cpus_; }
  std::size_t bytes() const { return stripes() * kStripeBytes; }

  const std::uint32_t cpus_ = static_cast<std::uint32_t>(sysconf(_SC_NPROCESSORS_CONF));
  void* memory_ = mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
};

void PinTo(int cpu) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(cpu, &only);
  sched_setaffinity(0, sizeof only, &only);
}

/// Not CPU 0, if there is another. This process may have only some of the host's CPUs.
int LastCpuOfThisProcess() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(0, sizeof allowed, &allowed);
  int last = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (CPU_ISSET(cpu, &allowed)) last = cpu;
  }
  return last;
}

// Also fault 20: a timer's handler adds by the same handles in the middle of everything.
TEST_F(CpuCellsTest, NothingIsLostByProcessesThatArePreemptedMovedAndInterruptedWithAndWithoutSequences) {
  static constexpr int kEach = 200'000;
  static constexpr int kProcesses = 6;
  static Column<std::uint64_t> interrupted;
  static std::atomic<int> interruptions;  // the kernel signals any thread, or two at once
  std::vector<Child> children;
  for (int process = 0; process < kProcesses; process++) {
    children.emplace_back([&, process] {
      const std::uint32_t cpus = process % 3 == 0 ? 0 : cpus_;  // every third process has no sequences
      const Column<std::uint64_t> counter{this->counter().first, cpus};
      interrupted = counter;
      interruptions = 0;
      signal(SIGALRM, [](int) {
        AddToCounter(interrupted, 1);
        interruptions++;
      });
      const itimerval often{{0, 200}, {0, 200}};
      setitimer(ITIMER_REAL, &often, nullptr);
      const auto add = [&] {
        for (int i = 0; i < kEach; i++) {
          AddToCounter(counter, 1);
          AddToFractionalCounter({fractions().first, cpus}, 0.25);
          AddToHistogramCell(Column<HistogramCell>{bucket().first, cpus}, 0.5);
          if (i % 1000 == 0) PinTo(i / 1000 % static_cast<int>(cpus_));
        }
      };
      std::thread second(add);
      add();
      second.join();
      const itimerval never{};
      setitimer(ITIMER_REAL, &never, nullptr);
      // Subtracts what the handlers have added, so that the sum is known.
      AddToCounter(counter, -static_cast<std::uint64_t>(interruptions));
    });
  }
  for (Child& child : children) EXPECT_EQ(child.Wait(), 0);
  constexpr std::uint64_t kAll = 2ULL * kProcesses * kEach;
  EXPECT_EQ(Count(), kAll);
  EXPECT_EQ(Fractions(), 0.25 * kAll);
  EXPECT_EQ(Bucket().count, kAll);
  EXPECT_EQ(Bucket().sum, 0.5 * kAll);
  EXPECT_GT(CountInAtomicStripes(), 0U);
}

TEST_F(CpuCellsTest, ASequenceAddsToTheStripeOfItsCpuAndToNoOther) {
  const int cpu = LastCpuOfThisProcess();
  EXPECT_EQ(RunInChild([&] {
              PinTo(cpu);
              AddToCounter(counter(), 5);
            }),
            0);
  const std::size_t cells_of_a_stripe = kStripeBytes / sizeof(std::uint64_t);
  EXPECT_EQ(counter().first_of_cpus()[static_cast<std::size_t>(cpu) * cells_of_a_stripe], 5U);
  EXPECT_EQ(Count(), 5U);
}

TEST_F(CpuCellsTest, OnACpuBeyondTheStripesAnAtomicStripeIsAddedTo) {
  const int cpu = LastCpuOfThisProcess();
  if (cpu == 0) GTEST_SKIP() << "there is only one CPU";
  const auto cpus_before = static_cast<std::uint32_t>(cpu);
  EXPECT_EQ(RunInChild([&] {
              PinTo(cpu);
              const Column<std::uint64_t> narrow{counter().first, cpus_before};
              EXPECT_FALSE(AddOnCpu(narrow.first_of_cpus(), narrow.cpu_stripes, 1));
              AddToCounter(narrow, 7);
              AddToFractionalCounter({fractions().first, cpus_before}, 0.5);
              AddToHistogramCell(Column<HistogramCell>{bucket().first, cpus_before}, 2.0);
            }),
            0);
  EXPECT_EQ(CountInAtomicStripes(), 7U);
  EXPECT_EQ(Count(), 7U);
  EXPECT_EQ(Fractions(), 0.5);
  EXPECT_EQ(Bucket().sum, 2.0);
}

TEST_F(CpuCellsTest, AThreadWithoutRestartableSequencesAddsToAnAtomicStripe) {
  EXPECT_EQ(RunInChild([this] {
              auto* area = static_cast<char*>(__builtin_thread_pointer()) + __rseq_offset;
              ASSERT_EQ(syscall(SYS_rseq, area, 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG), 0);
              AddToCounter(counter(), 7);
            }),
            0);
  EXPECT_EQ(CountInAtomicStripes(), 7U);
}

// Fault 5. "The life of a series" in shm/README.md: count and sum are one store.
TEST_F(CpuCellsTest, CountAndSumAgreeHoweverOftenTheObserverIsKilled) {
  std::mt19937 random(1);
  for (int death = 0; death < 300; death++) {
    Child observer([this] {
      for (;;) AddToHistogramCell(bucket(), 1.0);
    });
    usleep(std::uniform_int_distribution<useconds_t>(100, 1'000)(random));
    observer.Kill();
    ASSERT_EQ(static_cast<double>(Bucket().count), Bucket().sum);
  }
  EXPECT_GT(Bucket().count, 0U);
}

TEST_F(CpuCellsTest, AReaderSeesCountAndSumOfOneMoment) {
  std::atomic<bool> over = false;
  std::thread observer([&] {
    while (!over) AddToHistogramCell(bucket(), 1.0);
  });
  for (int i = 0; i < 200'000; i++) {
    const BucketSnapshot seen = Bucket();
    ASSERT_EQ(static_cast<double>(seen.count), seen.sum);
  }
  over = true;
  observer.join();
}

// Fault 9: each step of a debugger aborts a sequence. It must not try again for ever.
TEST_F(CpuCellsTest, AnAdditionThatIsSteppedThroughComesToAnEnd) {
  const pid_t pid = fork();
  if (pid == 0) {
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(1);
    raise(SIGSTOP);
    AddToCounter(counter(), 1);
    raise(SIGSTOP);
    _exit(0);
  }
  const Child stepped(pid);
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  if (!WIFSTOPPED(status)) GTEST_SKIP() << "this user may not trace";
  int steps = 0;
  do {
    ASSERT_LT(steps++, 100'000) << "it goes in circles";
    ASSERT_EQ(ptrace(PTRACE_SINGLESTEP, pid, nullptr, nullptr), 0);
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
  } while (WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
  EXPECT_EQ(Count(), 1U);
}

}  // namespace
}  // namespace shmetrics::shm

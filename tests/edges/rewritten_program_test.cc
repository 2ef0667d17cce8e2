// Fault L9. llvm-bolt rewrites a program after it was linked: it moves code, and leaves the descriptors of
// restartable sequences as they were. The kernel then aborts no sequence, and additions of threads that were
// preempted are lost.

#include <gtest/gtest.h>
#include <sys/rseq.h>

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/bare_worker.h"
#include "tests/support/private_folder.h"
#include "tests/support/program.h"
#include "tests/support/segment_reading.h"
#include "tests/support/stripe_sums.h"

// A program built without a sanitizer cannot load a library built with one.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace shmetrics::testing {
namespace {

constexpr std::uint64_t kEach = 4'000'000;  // 4 threads of each function

constexpr char kProgram[] = R"(
#include <shmetrics/shmetrics.h>
#include <thread>
#include <vector>
using Work = void(shmetrics::Counter, shmetrics::FractionalCounter, shmetrics::Histogram);
#define WORK(name)                                                                                     \
  extern "C" __attribute__((noinline)) void name(shmetrics::Counter jobs, shmetrics::FractionalCounter \
      seconds, shmetrics::Histogram latency) {                                                         \
    for (int i = 0; i < 1'000'000; i++) {                                                              \
      jobs.inc();                                                                                      \
      seconds.inc(0.5);                                                                                \
      latency.observe(1.5);                                                                            \
    }                                                                                                  \
  }
WORK(hot)
WORK(cold)
int main() {
  auto& registry = shmetrics::Registry::global();
  auto jobs = registry.counter({.name = "jobs_total", .labels = {"function"}});
  auto seconds = registry.fractional_counter({.name = "seconds_total", .labels = {"function"}});
  auto latency = registry.histogram({.name = "latency", .labels = {"function"}}, {1, 2});
  std::vector<std::jthread> threads;
  const auto start = [&](Work* work, const char* name) {
    threads.emplace_back(work, jobs.with({name}), seconds.with({name}), latency.with({name}));
  };
  for (int i = 0; i < 4; i++) {
    start(hot, "hot");
    start(cold, "cold");
  }
}
)";

/// A way of linking the program and of rewriting it.
struct Way {
  const char* name;
  std::vector<std::string> link;
  std::vector<std::string> rewrite;  ///< empty: not at all
  bool moves_hot, moves_cold;
};
void PrintTo(const Way& way, std::ostream* out) { *out << way.name; }

class RewrittenProgramTest : public ::testing::TestWithParam<Way> {
 protected:
  static void SetUpTestSuite() {
    object_folder_ = new PrivateFolder;
    std::ofstream(*object_folder_ / "program.cc") << kProgram;
    const Ended compiled = RunProgram(
        {SHMETRICS_CXX, "-std=c++20", "-O2", "-c", "-I" SHMETRICS_SOURCE_DIR "/client-lib/include",
         "-I" SHMETRICS_SOURCE_DIR, *object_folder_ / "program.cc", "-o", *object_folder_ / "program.o"});
    ASSERT_EQ(compiled.code, 0) << compiled.errors;
  }
  static void TearDownTestSuite() { delete object_folder_; }

  static std::vector<std::string> With(std::vector<std::string> command,
                                       const std::vector<std::string>& more) {
    command.insert(command.end(), more.begin(), more.end());
    return command;
  }
  static void Run(const std::vector<std::string>& command) {
    const Ended ended = RunProgram(command);
    ASSERT_EQ(ended.code, 0) << command[0] << ": " << ended.output << ended.errors;
  }
  static std::string AddressOf(const std::string& function, const std::string& program) {
    std::istringstream symbols(RunProgram({"nm", "--defined-only", program}).output);
    for (std::string address, type, name; symbols >> address >> type >> name;) {
      if (name == function) return address;
    }
    return "none";
  }

  /// How the counter of a function was added to.
  StripeSums Sums(const std::string& function) const {
    BareWorker witness(segment_);
    const auto* series = witness.Register(CounterNamed("jobs_total", {"function"}), {function}).value();
    return SumStripes(witness.segment(), witness.CellOf<std::uint64_t>(*series));
  }

  static PrivateFolder* object_folder_;
  PrivateFolder folder_;
  const std::string segment_ = folder_ / "segment.v1";
};
PrivateFolder* RewrittenProgramTest::object_folder_ = nullptr;

TEST_P(RewrittenProgramTest, LosesNothingAndOnlyWhatWasMovedAddsWithoutSequences) {
  const Way& way = GetParam();
  const std::string linked = folder_ / "linked", rewritten = folder_ / "rewritten";
  ASSERT_NO_FATAL_FAILURE(Run(With({SHMETRICS_CXX, *object_folder_ / "program.o", SHMETRICS_SHARED_LIBRARY,
                                    "-pthread", "-o", way.rewrite.empty() ? rewritten : linked},
                                   way.link)));
  if (!way.rewrite.empty()) {
    ASSERT_NO_FATAL_FAILURE(Run(With({"llvm-bolt-15", linked, "-o", rewritten}, way.rewrite)));
    EXPECT_EQ(AddressOf("hot", rewritten) != AddressOf("hot", linked), way.moves_hot);
    EXPECT_EQ(AddressOf("cold", rewritten) != AddressOf("cold", linked), way.moves_cold);
  }
  const std::string library = SHMETRICS_SHARED_LIBRARY;
  ASSERT_NO_FATAL_FAILURE(Run({"env", "--unset=SHMETRICS_RSEQ", "SHMETRICS_SEGMENT=" + segment_,
                               "LD_LIBRARY_PATH=" + library.substr(0, library.rfind('/')), rewritten}));

  const SegmentReading reading = Read(segment_);
  for (const char* function : {"hot", "cold"}) {
    const std::string labels = std::string("{function=\"") + function + "\"}";
    EXPECT_EQ(reading.Counter("jobs_total" + labels), kEach);
    EXPECT_EQ(reading.FractionalCounter("seconds_total" + labels), 0.5 * kEach);
    EXPECT_EQ(reading.Histogram("latency" + labels).count, kEach);
    EXPECT_EQ(reading.Histogram("latency" + labels).sum, 1.5 * kEach);
    const bool was_moved = function == std::string("hot") ? way.moves_hot : way.moves_cold;
    const bool has_sequences = __rseq_size > 0 && __builtin_cpu_supports("avx") != 0;
    if (was_moved) {
      EXPECT_EQ(Sums(function).by_sequence, 0U) << function << " was moved";
    } else if (has_sequences) {
      EXPECT_GT(Sums(function).by_sequence, 0U) << function << " was not moved";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Ways, RewrittenProgramTest,
    ::testing::Values(
        Way{"NotRewritten", {"-Wl,--emit-relocs"}, {}, false, false},
        Way{"HotIsMoved", {"-Wl,--emit-relocs"}, {"-funcs=hot"}, true, false},
        Way{"HotIsMovedAtFixedAddresses", {"-Wl,--emit-relocs", "-no-pie"}, {"-funcs=hot"}, true, false},
        Way{"AllAreMovedAndSplit",
            {"-Wl,--emit-relocs"},
            {"-lite=0", "-reorder-blocks=ext-tsp", "-split-functions", "-split-all-cold"},
            true,
            true},
        // Without relocations functions stay where they begin, and change inside.
        Way{"AllAreRewrittenInPlace", {}, {"-lite=0", "-reorder-blocks=ext-tsp"}, false, false}),
    [](const auto& way) { return std::string(way.param.name); });

}  // namespace
}  // namespace shmetrics::testing

#endif

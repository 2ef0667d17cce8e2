// The instructions that the compiler makes of an increment and an observation in an application.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/private_folder.h"
#include "tests/support/program.h"

// Only with restartable sequences: without them the addition itself is a locked instruction.
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)

namespace shmetrics {
namespace {

using ::testing::ContainsRegex;
using ::testing::Each;
using ::testing::Not;

constexpr char kApplication[] = R"(
#include "shmetrics/counter.h"
#include "shmetrics/histogram.h"
extern "C" void increment(const shmetrics::Counter& counter) { counter.inc(); }
extern "C" void observe(const shmetrics::Histogram& histogram, double value) { histogram.observe(value); }
)";

/// The instructions of an optimised application.
std::string CompileAndList() {
  const testing::PrivateFolder folder;
  std::ofstream(folder / "application.cc") << kApplication;
  const testing::Ended compiled = testing::RunProgram(
      {SHMETRICS_CXX, "-std=c++20", "-O2", "-c", "-I" SHMETRICS_SOURCE_DIR "/client-lib/include",
       "-I" SHMETRICS_SOURCE_DIR, folder / "application.cc", "-o", folder / "application.o"});
  EXPECT_EQ(compiled.code, 0) << compiled.errors;
  return testing::RunProgram({"objdump", "-d", "--no-show-raw-insn", folder / "application.o"}).output;
}

/// The instructions of a function up to its first return, without those that a jump leaves out. That is the
/// usual path: the compiler puts branches marked as unlikely after it, and a sequence jumps over its own.
std::vector<std::string> MainPathOf(const std::string& function, const std::string& listing) {
  std::vector<std::string> path;
  const std::size_t begin = listing.find('<' + function + ">:\n");
  std::istringstream lines(begin == std::string::npos ? "" : listing.substr(begin));
  std::string line;
  std::getline(lines, line);
  unsigned long next = 0;  // the address that the last jump leads to
  while (std::getline(lines, line)) {
    if (std::strtoul(line.c_str(), nullptr, 16) < next) continue;
    path.push_back(line.substr(line.rfind(":\t") + 2));
    if (path.back().starts_with("ret")) return path;
    if (path.back().starts_with("jmp")) next = std::strtoul(path.back().c_str() + 3, nullptr, 16);
  }
  ADD_FAILURE() << function << " does not return: " << listing;
  return {};
}

/// The number of conditional branches.
long Branches(const std::vector<std::string>& path) {
  return std::ranges::count_if(path, [](const std::string& instruction) {
    return instruction[0] == 'j' && !instruction.starts_with("jmp");
  });
}

// One test for both, because each run of the compiler takes a second.
TEST(InlineTest, AnIncrementAndAnObservationHaveNoCallNoLockAndFewBranches) {
  const std::string listing = CompileAndList();
  const std::vector<std::string> increment = MainPathOf("increment", listing);
  EXPECT_THAT(increment, Each(Not(ContainsRegex("call|lock|xchg"))));
  EXPECT_EQ(Branches(increment), 2)
      << "is this copy where its descriptor says, is this CPU one of the stripes'?";
  const std::vector<std::string> observation = MainPathOf("observe", listing);
  EXPECT_THAT(observation, Each(Not(ContainsRegex("call|lock|xchg|div"))));
  EXPECT_EQ(Branches(observation), 4)
      << "is the value finite, do bounds share a slot, and the two of an increment";
}

}  // namespace
}  // namespace shmetrics

#endif

// kill -9 at every instruction of everything that writes, in two ways. By image: the process is stepped through the
// operation once, and after each instruction the segment is checked as its death would leave it. By death: it is really
// killed, and a fresh process checks; for each death the operation begins anew, so only some instructions get one, unless
// SHMETRICS_NIGHTLY is set.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/crash/death_image.h"
#include "tests/crash/invariants.h"
#include "tests/crash/operation.h"
#include "tests/crash/tracee.h"
#include "tests/support/child.h"
#include "tests/support/private_folder.h"

namespace shmetrics::testing {
namespace {

bool IsNightly() {
  const char* nightly = std::getenv("SHMETRICS_NIGHTLY");
  return nightly != nullptr && *nightly != '\0';
}

/// What one operation may cost, in instructions stepped through: a microsecond or five each. Nightly, by image there is no
/// bound; by death all instructions get one of operations of some 6,000 instructions, and a sample of longer ones.
long MostByImage() { return IsNightly() ? 100'000'000 : 150'000; }
long MostByDeath() { return IsNightly() ? 20'000'000 : 40'000; }

class SingleStepTest : public ::testing::TestWithParam<Operation> {
 protected:
  void SetUp() override {
    if (!Tracee::IsPossible()) GTEST_SKIP() << "this user may not trace";
    ASSERT_EQ(RunInChild([&] { GetParam().prepare(prepared_); }), 0);
    Renew();
  }
  /// The segment as the operation finds it.
  void Renew() {
    std::filesystem::remove(path_);
    CopySegment(prepared_, path_);
  }
  Tracee Begin() {
    return Tracee([&] { return GetParam().begin(path_); });
  }
  void CheckImage(const DeathImage& image, const Tracee& tracee) {
    SCOPED_TRACE("after instruction " + std::to_string(instructions_) + ", before " +
                 Hexadecimal(tracee.NextInstruction()));
    image.WriteTo(image_, tracee.pid());
    ExpectSurvived(image_, GetParam(), {tracee.is_done() ? 1U : 0U, 1});
    std::filesystem::remove(image_);
    images_.push_back(instructions_);
  }
  static std::string Hexadecimal(std::uint64_t number) {
    char text[32];
    std::snprintf(text, sizeof text, "%#lx", number);
    return text;
  }
  void DieByImage() {
    Tracee tracee = Begin();
    DeathImage image(path_);
    do {
      // If nothing else would be left than one instruction before, it has been checked then.
      if (image.Update(tracee)) CheckImage(image, tracee);
      if (HasFailure() || instructions_ == MostByImage()) return;
      instructions_++;
    } while (tracee.Step());
  }
  void DieAt(long instruction) {
    SCOPED_TRACE("killed after instruction " + std::to_string(instruction));
    Renew();
    bool is_done = false;
    {
      Tracee tracee = Begin();
      for (long i = 0; i < instruction && tracee.Step(); i++) {
      }
      is_done = tracee.is_done();
    }
    EXPECT_EQ(RunInChild([&] { ExpectSurvived(path_, GetParam(), {is_done ? 1U : 0U, 1}); }), 0);
    deaths_++;
  }
  void DieByDeath() { const long most = std::max(8L, 2 * MostByDeath() / instructions_); }

  PrivateFolder folder_;
  const std::string prepared_ = folder_ / "prepared";
  const std::string path_ = folder_ / "segment";
  const std::string image_ = folder_ / "image";
  long instructions_ = 0;
  std::vector<long> images_;  ///< after how many instructions a death leaves something else
  long deaths_ = 0;
};

// Faults 1 to 6.
TEST_P(SingleStepTest, DeathAtAnyInstructionIsSurvived) {
  DieByImage();
  if (!HasFailure()) DieByDeath();
  std::printf("single-step: %s: %ld instructions, %zu distinct images, %ld deaths\n", GetParam().name.c_str(),
              instructions_, images_.size(), deaths_);
}

INSTANTIATE_TEST_SUITE_P(All, SingleStepTest, ::testing::ValuesIn(Operations()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace shmetrics::testing

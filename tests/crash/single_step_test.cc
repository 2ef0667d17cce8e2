// kill -9 at every instruction of everything that writes, in two ways. By image: the worker is stepped
// through the operation once. After each instruction, the test checks the segment as the worker's death would
// leave it. By death: the worker is really killed, and a fresh process checks. The operation begins anew for
// each death, so only some instructions get one. SHMETRICS_NIGHTLY tries all instructions, except in the
// longest operations.

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>

#include "shm/segment/memory_limit.h"
#include "tests/crash/death_image.h"
#include "tests/crash/invariants.h"
#include "tests/crash/operation.h"
#include "tests/crash/tracee.h"
#include "tests/support/child.h"
#include "tests/support/nightly.h"
#include "tests/support/private_folder.h"

namespace shmetrics::testing {
namespace {

/// How many instructions of one operation may be stepped through; each takes some 30 us. By image it is all
/// of them. A sanitizer makes one instruction many, so there other builds test the rest of a long operation.
long MostByImage() {
#ifdef __SANITIZE_ADDRESS__
  if (!IsNightly()) return 20'000;
#endif
  return 10'000'000;
}
long MostByDeath() { return IsNightly() ? 10'000'000 : 12'000; }

/// It reads what the control group allows. That takes a quarter of a million instructions, nearly all of a
/// growth, and none of them changes the segment. So it is stepped into only at night.
const void* const kPureFunction = reinterpret_cast<const void*>(&shm::MemoryHeadroom);

class SingleStepTest : public ::testing::TestWithParam<Operation> {
 protected:
  void SetUp() override {
    if (!Tracee::IsPossible()) GTEST_SKIP() << "this user may not trace";
    ASSERT_EQ(RunInChild([&] { GetParam().prepare(prepared_); }), 0);
  }

  void DieByImage(const void* stepped_over) {
    Restore();
    images_.clear();
    Tracee tracee([&] { return GetParam().begin(path_); });
    tracee.StepOver(stepped_over);
    DeathImage image(path_);
    instructions_ = 0;
    do {
      // Skips an instruction after which a death would leave the same as after the one before.
      if (!image.Update(tracee)) continue;
      CheckImage(image, tracee);
      images_.push_back(instructions_);
    } while (!HasFailure() && instructions_ < MostByImage() && tracee.Step() && ++instructions_);
    if (tracee.is_done()) CheckImage(image, tracee);  // a completed operation must be there
  }

  void DieByDeath() {
    for (const long instruction : Deadly()) {
      if (HasFailure()) return;
      DieAfter(instruction);
    }
  }

  void Report() {
    RecordProperty("instructions", static_cast<int>(instructions_));
    RecordProperty("images", static_cast<int>(images_.size()));
    RecordProperty("deaths", static_cast<int>(deaths_));
    std::printf("single-step: %s: %ld instructions%s, %zu distinct images, %ld deaths\n",
                GetParam().name.c_str(), instructions_, instructions_ == MostByImage() ? " of more" : "",
                images_.size(), deaths_);
  }

 private:
  /// Restores the segment as the operation finds it.
  void Restore() {
    std::filesystem::remove(path_);
    CopySegment(prepared_, path_);
  }
  void CheckImage(const DeathImage& image, const Tracee& tracee) {
    SCOPED_TRACE("dead after instruction " + std::to_string(instructions_) + ", before " +
                 tracee.NextInstruction());
    image.WriteTo(image_, tracee.pid());
    ExpectSurvived(image_, GetParam(), {tracee.is_done() ? 1U : 0U, 1});
    std::filesystem::remove(image_);
  }
  static std::string BytesOf(const std::string& path) {
    std::ostringstream bytes;
    bytes << std::ifstream(path).rdbuf();
    return bytes.str();
  }
  void DieAfter(long instruction) {
    SCOPED_TRACE("killed after instruction " + std::to_string(instruction));
    Restore();
    bool is_done = false;
    {
      Tracee tracee([&] { return GetParam().begin(path_); });
      tracee.StepOver(kPureFunction);
      for (long i = 0; i < instruction && tracee.Step(); i++) {
      }
      is_done = tracee.is_done();
      DeathImage image(path_);
      image.Update(tracee);
      image.WriteTo(image_, tracee.pid());
    }
    EXPECT_TRUE(BytesOf(image_) == BytesOf(path_)) << "an image is not what the kernel leaves";
    std::filesystem::remove(image_);
    EXPECT_EQ(RunInChild([&] { ExpectSurvived(path_, GetParam(), {is_done ? 1U : 0U, 1}); }), 0);
    deaths_++;
  }
  /// The instructions to kill after. By day it is as many as there is time for, out of those that leave
  /// something new. At night it is all of these, and as many of the others as there is time for.
  std::vector<long> Deadly() const {
    if (!IsNightly()) return Sample(images_);
    std::vector<long> all(static_cast<std::size_t>(instructions_) + 1);
    std::iota(all.begin(), all.end(), 0);
    std::vector<long> deadly = Sample(all);
    deadly.insert(deadly.end(), images_.begin(), images_.end());
    return deadly;
  }
  static std::vector<long> Sample(const std::vector<long>& candidates) {
    std::vector<long> deadly;
    for (std::size_t count = candidates.size(); count > 0; count -= (count + 15) / 16) {
      deadly.clear();
      for (std::size_t i = 1; i <= count; i++)
        deadly.push_back(candidates[i * candidates.size() / count - 1]);
      if (std::accumulate(deadly.begin(), deadly.end(), 0L) <= MostByDeath()) break;
    }
    return deadly;
  }

  PrivateFolder folder_;
  const std::string prepared_ = folder_ / "prepared";
  const std::string path_ = folder_ / "segment";
  const std::string image_ = folder_ / "image";
  long instructions_ = 0;
  std::vector<long> images_;  ///< after how many instructions a death leaves something new
  long deaths_ = 0;
};

// Faults 1 to 6.
TEST_P(SingleStepTest, DeathAtAnyInstructionIsSurvived) {
  if (IsNightly()) DieByImage(nullptr);
  DieByImage(kPureFunction);
  DieByDeath();
  Report();
}

INSTANTIATE_TEST_SUITE_P(All, SingleStepTest, ::testing::ValuesIn(Operations()),
                         [](const auto& test) { return test.param.name; });
INSTANTIATE_TEST_SUITE_P(Leaving, SingleStepTest, ::testing::Values(GiveWay()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace shmetrics::testing

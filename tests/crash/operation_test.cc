#include "tests/crash/operation.h"

#include <gtest/gtest.h>

#include "tests/crash/death_image.h"
#include "tests/crash/invariants.h"
#include "tests/support/child.h"
#include "tests/support/private_folder.h"

namespace shmetrics::testing {
namespace {

TEST(OperationsTest, AllGoTogetherInOneSegmentMoreThanOnce) {
  const PrivateFolder folder;
  const std::string path = folder / "segment";
  for (std::uint64_t run = 1; run <= 2; run++) {
    for (const Operation& operation : Operations())
      ASSERT_EQ(RunInChild([&] { operation.prepare(path); }), 0) << operation.name;
    for (const Operation& operation : Operations())
      ASSERT_EQ(RunInChild([&] { operation.begin(path)(); }), 0) << operation.name;
    for (const Operation& operation : Operations()) {
      SCOPED_TRACE(operation.name);
      const std::string copy = folder / operation.name + std::to_string(run);
      CopySegment(path, copy);
      ExpectSurvived(copy, operation, {run, run});
    }
  }
}

}  // namespace
}  // namespace shmetrics::testing

#include "tests/crash/operation.h"

#include <gtest/gtest.h>

#include "tests/crash/invariants.h"
#include "tests/support/child.h"
#include "tests/support/private_folder.h"

namespace shmetrics::testing {
namespace {

class OperationTest : public ::testing::TestWithParam<Operation> {
 protected:
  PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
};

TEST_P(OperationTest, SurvivesItsWorkersWhoeverElsePreparedTheSegment) {
  for (int run = 0; run < 2; run++) {
    for (const Operation& operation : Operations())
      ASSERT_EQ(RunInChild([&] { operation.prepare(path_); }), 0) << operation.name;
    ASSERT_EQ(RunInChild([&] { GetParam().begin(path_)(); }), 0);
  }
  ExpectSurvived(path_, GetParam(), {2, 2});
}

TEST_P(OperationTest, IsThereWhenItIsDone) {
  ASSERT_EQ(RunInChild([&] { GetParam().prepare(path_); }), 0);
  ASSERT_EQ(RunInChild([&] { GetParam().begin(path_)(); }), 0);
  ExpectSurvived(path_, GetParam(), {1, 1});
}

INSTANTIATE_TEST_SUITE_P(All, OperationTest, ::testing::ValuesIn(Operations()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace shmetrics::testing

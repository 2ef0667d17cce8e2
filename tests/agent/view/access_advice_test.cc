#include "agent/view/access_advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "tests/support/child.h"
#include "tests/support/give_up_rights.h"
#include "tests/support/private_folder.h"

namespace shmetrics::agent {
namespace {

using ::testing::HasSubstr;

// Fault A17. What a real agent says of it is tested in tests/edges/unreadable_segment_test.cc.
TEST(AccessAdviceTest, AnErrorThatIsNoMatterOfRightsStandsAsItIs) {
  const testing::PrivateFolder folder;
  const std::string path = folder / "segment";
  std::ofstream(path) << "x";
  EXPECT_EQ(WithAccessAdvice({ErrorCode::kNotOpenable, "refused: too many open files"}, path),
            "refused: too many open files");
  EXPECT_EQ(WithAccessAdvice({ErrorCode::kBadMagic, "refused: no segment"}, path), "refused: no segment");
  EXPECT_EQ(WithAccessAdvice({ErrorCode::kForeignOwner, "refused: a stranger's"}, folder / "gone"),
            "refused: a stranger's");
}

// Fault A17.
TEST(AccessAdviceTest, TheOwnerOfARefusedFileIsNamed) {
  const testing::PrivateFolder folder;
  const std::string path = folder / "segment";
  std::ofstream(path) << "x";
  ASSERT_EQ(chmod(path.c_str(), 0666), 0);
  EXPECT_THAT(WithAccessAdvice({ErrorCode::kUnsafeMode, "refused: open to the world"}, path),
              HasSubstr("open to the world; it has mode 0666, uid " + std::to_string(geteuid())));
  EXPECT_THAT(WithAccessAdvice({ErrorCode::kForeignOwner, "refused: a stranger's"}, path),
              HasSubstr("--segment.trusted-owner="));
}

// Fault A17.
TEST(AccessAdviceTest, TheFirstFolderInTheWayIsNamedAndNotTheFile) {
  if (geteuid() != 0) GTEST_SKIP() << "only root has rights to give up";
  EXPECT_EQ(testing::RunInChild([] {
              const std::string top = "/dev/shm/shmetrics-test-" + std::to_string(getpid());
              ASSERT_EQ(mkdir(top.c_str(), 0755), 0);
              ASSERT_EQ(mkdir((top + "/closed").c_str(), 0700), 0);
              EXPECT_EQ(testing::RunInChild([&] {
                          ASSERT_TRUE(testing::GiveUpRights());
                          EXPECT_THAT(
                              WithAccessAdvice({ErrorCode::kNotOpenable, "refused: Permission denied"},
                                               top + "/closed/in/it"),
                              HasSubstr("denied; " + top + "/closed has mode 0700, uid 0 (root)"));
                        }),
                        0);
              rmdir((top + "/closed").c_str());
              rmdir(top.c_str());
            }),
            0);
}

}  // namespace
}  // namespace shmetrics::agent

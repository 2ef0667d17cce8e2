#include "shm/segment/kept_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <utility>

#include "tests/support/private_folder.h"

namespace shmetrics::shm {
namespace {

class KeptFileTest : public ::testing::Test {
 protected:
  UniqueFd Open() const { return UniqueFd(open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)); }

  const testing::PrivateFolder folder_;
  const std::string path_ = folder_ / "file";
  UniqueFd file_ = Open();
  KeptFile kept_{*IdentityOf(file_.get())};
};

TEST_F(KeptFileTest, KeepsTheFirstAndClosesASecond) {
  EXPECT_EQ(kept_.Get(), -1);
  const int first = file_.get();
  kept_.Keep(std::move(file_));
  UniqueFd another = Open();
  const int second = another.get();
  kept_.Keep(std::move(another));
  another = UniqueFd();
  EXPECT_EQ(kept_.Get(), first);
  EXPECT_EQ(fcntl(second, F_GETFD), -1) << "closed";
}

TEST_F(KeptFileTest, CountsTheNamesOfTheFileWhereverTheyAre) {
  EXPECT_FALSE(kept_.NameCount());
  kept_.Keep(std::move(file_));
  EXPECT_EQ(kept_.NameCount(), nlink_t{1});
  std::filesystem::remove(path_);
  EXPECT_EQ(kept_.NameCount(), nlink_t{0});
}

// Fault L4.
TEST_F(KeptFileTest, ANumberThatIsAnotherFilesByNowIsForgottenAndNotClosed) {
  const int number = file_.get();
  kept_.Keep(std::move(file_));
  ASSERT_EQ(dup2(STDIN_FILENO, number), number);
  EXPECT_EQ(kept_.Get(), -1);
  EXPECT_FALSE(kept_.NameCount());
  EXPECT_FALSE(kept_.Take().valid());
  EXPECT_NE(fcntl(number, F_GETFD), -1);
  close(number);
}

TEST_F(KeptFileTest, WhatIsTakenIsTheCallers) {
  kept_.Keep(std::move(file_));
  EXPECT_TRUE(kept_.Take().valid());
  EXPECT_FALSE(kept_.Take().valid());
}

}  // namespace
}  // namespace shmetrics::shm

#include "agent/http/unix_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "shm/base/unique_fd.h"
#include "tests/support/http_client.h"
#include "tests/support/private_folder.h"

namespace shmetrics::agent {
namespace {

using shmetrics::testing::Connect;
using shmetrics::testing::PrivateFolder;
using ::testing::HasSubstr;

class UnixSocketTest : public ::testing::Test {
 protected:
  PrivateFolder folder_;
  const std::string path_ = folder_ / "http";
};

TEST_F(UnixSocketTest, OnlyItsOwnerAndGroupMayConnectWhateverTheUmask) {
  for (const mode_t mask : {0U, 0777U}) {
    const mode_t former = umask(mask);
    const Result<int> fd = ListenOnUnixSocket(path_);
    umask(former);
    ASSERT_TRUE(fd.ok()) << fd.error().message;
    const shm::UniqueFd closes(fd.value());
    struct stat found {};
    ASSERT_EQ(lstat(path_.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777, 0660U);
    EXPECT_TRUE(Connect(path_).valid());
    RemoveUnixSocket(path_);
    EXPECT_FALSE(std::filesystem::exists(path_));
  }
}

TEST_F(UnixSocketTest, ASocketOfADeadAgentIsReplaced) {
  { const shm::UniqueFd dead(ListenOnUnixSocket(path_).value()); }
  ASSERT_TRUE(std::filesystem::exists(path_));
  const Result<int> fd = ListenOnUnixSocket(path_);
  ASSERT_TRUE(fd.ok()) << fd.error().message;
  const shm::UniqueFd closes(fd.value());
  EXPECT_TRUE(Connect(path_).valid());
}

TEST_F(UnixSocketTest, ASocketOfALivingAgentIsNotReplaced) {
  const shm::UniqueFd living(ListenOnUnixSocket(path_).value());
  const Result<int> second = ListenOnUnixSocket(path_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().message, "another process listens there");
  EXPECT_TRUE(Connect(path_).valid());
}

TEST_F(UnixSocketTest, AFileThatIsNoSocketIsLeftAlone) {
  std::ofstream(path_) << "precious";
  const Result<int> fd = ListenOnUnixSocket(path_);
  ASSERT_FALSE(fd.ok());
  EXPECT_EQ(fd.error().message, "there is something that is not a socket");
  RemoveUnixSocket(path_);
  EXPECT_TRUE(std::filesystem::exists(path_));
  std::filesystem::rename(path_, folder_ / "file");
  std::filesystem::create_symlink(folder_ / "file", path_);
  EXPECT_FALSE(ListenOnUnixSocket(path_).ok());
  EXPECT_EQ(std::filesystem::file_size(folder_ / "file"), 8U);
}

TEST_F(UnixSocketTest, APathThatIsTooLongOrMissingIsRefused) {
  EXPECT_THAT(ListenOnUnixSocket("/" + std::string(107, 'x')).error().message,
              HasSubstr("longer than the 107 bytes"));
  EXPECT_EQ(ListenOnUnixSocket(folder_ / "none/http").error().message, "No such file or directory");
}

}  // namespace
}  // namespace shmetrics::agent

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

/// A socket that is left behind, as by an agent that was killed.
struct Open {
  explicit Open(const std::string& path) : Open(ListenOnUnixSocket(path).value()) {}
  explicit Open(UnixSocket socket) : fd(socket.fd), file(socket.file) {}
  const shm::UniqueFd fd;
  const shm::UniqueFd file;
};

class UnixSocketTest : public ::testing::Test {
 protected:
  PrivateFolder folder_;
  const std::string path_ = folder_ / "http";
};

TEST_F(UnixSocketTest, OnlyItsOwnerAndGroupMayConnectWhateverTheUmask) {
  for (const mode_t mask : {0U, 0777U}) {
    const mode_t former = umask(mask);
    const Result<UnixSocket> socket = ListenOnUnixSocket(path_);
    EXPECT_EQ(umask(former), mask) << "the umask is as before";
    ASSERT_TRUE(socket.ok()) << socket.error().message;
    const shm::UniqueFd closes(socket->fd);
    struct stat found {};
    ASSERT_EQ(lstat(path_.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777, 0660U);
    EXPECT_TRUE(Connect(path_).valid());
    RemoveUnixSocket(path_, socket->file);
    EXPECT_FALSE(std::filesystem::exists(path_));
  }
}

TEST_F(UnixSocketTest, ASocketOfADeadAgentIsReplaced) {
  { const Open dead(path_); }
  ASSERT_TRUE(std::filesystem::exists(path_));
  const Open living(path_);
  EXPECT_TRUE(Connect(path_).valid());
}

TEST_F(UnixSocketTest, ASocketOfALivingAgentIsNotReplaced) {
  const Open living(path_);
  const Result<UnixSocket> second = ListenOnUnixSocket(path_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().message, "another process listens there");
  EXPECT_TRUE(Connect(path_).valid());
}

// Fault A11.
TEST_F(UnixSocketTest, ASocketThatAnotherAgentPutThereIsNotRemoved) {
  // Some file systems give the inode of a removed file to the next one. As long as the former agent lives, its
  // own is not given away.
  for (int i = 0; i < 20; i++) {
    const Result<UnixSocket> former = ListenOnUnixSocket(path_);
    ASSERT_TRUE(former.ok()) << former.error().message;
    const shm::UniqueFd closes(former->fd);
    std::filesystem::remove(path_);
    const Result<UnixSocket> next = ListenOnUnixSocket(path_);
    ASSERT_TRUE(next.ok()) << next.error().message;
    const shm::UniqueFd closes_too(next->fd);
    RemoveUnixSocket(path_, former->file);
    EXPECT_TRUE(Connect(path_).valid());
    RemoveUnixSocket(path_, next->file);
    EXPECT_FALSE(std::filesystem::exists(path_));
  }
}

// Fault A11.
TEST_F(UnixSocketTest, ALinkThatTakesThePathIsNotFollowed) {
  std::ofstream(folder_ / "precious") << "precious";
  ASSERT_EQ(chmod((folder_ / "precious").c_str(), 0600), 0);
  const Result<UnixSocket> socket = ListenOnUnixSocket(path_);
  ASSERT_TRUE(socket.ok()) << socket.error().message;
  const shm::UniqueFd closes(socket->fd);
  std::filesystem::remove(path_);
  std::filesystem::create_symlink(folder_ / "precious", path_);
  RemoveUnixSocket(path_, socket->file);
  EXPECT_TRUE(std::filesystem::is_symlink(path_));
  EXPECT_FALSE(ListenOnUnixSocket(path_).ok());
  struct stat found {};
  ASSERT_EQ(stat((folder_ / "precious").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0600U);
}

TEST_F(UnixSocketTest, AFileThatIsNoSocketIsLeftAlone) {
  std::ofstream(path_) << "precious";
  const Result<UnixSocket> refused = ListenOnUnixSocket(path_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message, "there is something that is not a socket");
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

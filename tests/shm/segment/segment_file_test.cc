// Which files are accepted as a segment and which are refused: fault 27.

#include "shm/segment/segment_file.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "shm/segment/segment.h"
#include "tests/support/bare_worker.h"
#include "tests/support/child.h"
#include "tests/support/private_folder.h"

namespace shmetrics::shm {
namespace {

using testing::PrivateFolder;
using testing::RunInChild;
using testing::SmallSegment;

constexpr uid_t kNobody = static_cast<uid_t>(-1);
constexpr uid_t kAlice = 20'001, kBob = 20'002;
constexpr gid_t kGroup = 20'100, kOtherGroup = 20'200;

bool IsRoot() { return geteuid() == 0; }

/// Goes on as another user, like a service that drops its rights.
void Become(uid_t user, gid_t group) {
  ASSERT_EQ(setgroups(0, nullptr), 0);
  ASSERT_EQ(setresgid(group, group, group), 0);
  ASSERT_EQ(setresuid(user, user, user), 0);
}

class SegmentFileTest : public ::testing::Test {
 protected:
  void MakeFile(mode_t mode = 0600) {
    std::ofstream file(path_);
    file.close();
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
  }
  void ExpectRefused(ErrorCode code, const std::string& words, uid_t trusted_owner = kNobody) {
    for (const bool for_writing : {false, true}) {
      const auto file = OpenSegmentFile(path_, for_writing, trusted_owner);
      ASSERT_FALSE(file.ok());
      EXPECT_EQ(file.error().code, code) << file.error().message;
      EXPECT_THAT(file.error().message, ::testing::HasSubstr(words));
      EXPECT_THAT(file.error().message, ::testing::HasSubstr(path_));
    }
  }
  void ExpectAccepted(uid_t trusted_owner = kNobody) {
    const auto file = OpenSegmentFile(path_, true, trusted_owner);
    EXPECT_TRUE(file.ok()) << file.error().message;
  }
  /// Makes the folder, and opens the way to it for other users, because it is in /dev/shm/...
  void MakeFolder(uid_t owner, gid_t group, mode_t mode) {
    ASSERT_EQ(chown(folder_.path().c_str(), owner, group), 0);
    ASSERT_EQ(chmod(folder_.path().c_str(), mode), 0);
  }

  PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
};

TEST_F(SegmentFileTest, OwnFileIsAccepted) {
  MakeFile(0600);
  ExpectAccepted();
  MakeFile(0660);
  ExpectAccepted();
}

TEST_F(SegmentFileTest, AbsentFileAndAbsentFolderAreAbsent) {
  ExpectRefused(ErrorCode::kAbsent, "no segment at");
  EXPECT_EQ(OpenSegmentFile(path_ + "/deeper/segment", false, kNobody).error().code, ErrorCode::kAbsent);
  MakeFile();
  EXPECT_EQ(OpenSegmentFile(path_ + "/below-a-file", false, kNobody).error().code, ErrorCode::kAbsent);
}

TEST_F(SegmentFileTest, SymbolicLinkIsRefused) {
  std::ofstream(folder_ / "target");
  std::filesystem::create_symlink(folder_ / "target", path_);
  ExpectRefused(ErrorCode::kSymlink, "symbolic link");
  std::filesystem::remove(folder_ / "target");
  ExpectRefused(ErrorCode::kSymlink, "symbolic link");
}

TEST_F(SegmentFileTest, DirectoryIsRefused) {
  std::filesystem::create_directory(path_);
  ExpectRefused(ErrorCode::kNotRegular, "not a regular file");
}

TEST_F(SegmentFileTest, PipeIsRefusedWithoutWaiting) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  ExpectRefused(ErrorCode::kNotRegular, "not a regular file");
}

TEST_F(SegmentFileTest, SocketIsRefused) {
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path_.size(), sizeof address.sun_path);
  std::memcpy(address.sun_path, path_.data(), path_.size());
  ASSERT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ExpectRefused(ErrorCode::kNotRegular, "not a regular file");
}

TEST_F(SegmentFileTest, DeviceIsRefused) {
  // /dev/null has the same numbers everywhere. Making a device file needs rights that we may not have.
  if (mknod(path_.c_str(), S_IFCHR | 0600, makedev(1, 3)) != 0)
    GTEST_SKIP() << "this user may not make device files";
  ExpectRefused(ErrorCode::kNotRegular, "not a regular file");
}

TEST_F(SegmentFileTest, HardLinkIsRefused) {
  MakeFile();
  std::filesystem::create_hard_link(path_, folder_ / "other");
  ExpectRefused(ErrorCode::kHardLinked, "2 names");
  std::filesystem::remove(folder_ / "other");
  ExpectAccepted();
}

TEST_F(SegmentFileTest, AnyAccessOfTheWorldIsRefused) {
  for (const mode_t mode : {0604, 0602, 0601, 0666}) {
    MakeFile(mode);
    ExpectRefused(ErrorCode::kUnsafeMode, "the world has access");
    std::filesystem::remove(path_);
  }
}

TEST_F(SegmentFileTest, ForeignOwnerIsRefusedByNumberUnlessTrusted) {
  if (!IsRoot()) GTEST_SKIP() << "only root can give files away";
  MakeFile();
  ASSERT_EQ(chown(path_.c_str(), kAlice, kGroup), 0);
  ExpectRefused(ErrorCode::kForeignOwner, "uid 20001");
  ExpectRefused(ErrorCode::kForeignOwner, "uid 20001", kBob);
  ExpectAccepted(kAlice);
}

TEST_F(SegmentFileTest, OwnerOfTheFolderIsTrusted) {
  if (!IsRoot()) GTEST_SKIP() << "only root can give files away";
  MakeFile();
  ASSERT_EQ(chown(path_.c_str(), kAlice, kGroup), 0);
  MakeFolder(kAlice, kGroup, 0755);
  ExpectAccepted();
}

TEST_F(SegmentFileTest, RootsFileIsTrustedByOthers) {
  if (!IsRoot()) GTEST_SKIP() << "only root can become another user";
  MakeFile(0660);
  ASSERT_EQ(chown(path_.c_str(), 0, kGroup), 0);
  MakeFolder(kBob, kGroup, 0755);
  EXPECT_EQ(RunInChild([&] {
              Become(kAlice, kGroup);
              ExpectAccepted();
            }),
            0);
  EXPECT_EQ(RunInChild([&] {
              Become(kAlice, kOtherGroup);
              ExpectRefused(ErrorCode::kNotOpenable, "Permission denied");
            }),
            0);
}

TEST_F(SegmentFileTest, UsersOfOneGroupShareASegmentInASetGroupIdFolder) {
  if (!IsRoot()) GTEST_SKIP() << "only root can become another user";
  MakeFolder(0, kGroup, 02770);
  EXPECT_EQ(RunInChild([&] {
              Become(kAlice, kGroup);
              EXPECT_TRUE(Segment::AttachOrCreate(path_, SmallSegment()).ok());
            }),
            0);
  struct stat status;
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0660U);
  EXPECT_EQ(status.st_uid, kAlice);
  EXPECT_EQ(status.st_gid, kGroup);
  EXPECT_EQ(RunInChild([&] {
              Become(kBob, kGroup);
              ExpectAccepted();
            }),
            0);
}

TEST_F(SegmentFileTest, ForeignOwnerIsRefusedInAFolderThatTheWorldMayEnter) {
  if (!IsRoot()) GTEST_SKIP() << "only root can become another user";
  MakeFolder(0, kGroup, 02775);
  MakeFile(0660);
  ASSERT_EQ(chown(path_.c_str(), kAlice, kGroup), 0);
  EXPECT_EQ(RunInChild([&] {
              Become(kBob, kGroup);
              ExpectRefused(ErrorCode::kForeignOwner, "uid 20001");
            }),
            0);
}

TEST_F(SegmentFileTest, FileOfAnotherGroupIsRefusedInASetGroupIdFolder) {
  if (!IsRoot()) GTEST_SKIP() << "only root can give files away";
  MakeFolder(0, kGroup, 02770);
  MakeFile(0660);
  ASSERT_EQ(chown(path_.c_str(), kAlice, kOtherGroup), 0);
  ExpectRefused(ErrorCode::kForeignOwner, "uid 20001");
}

TEST_F(SegmentFileTest, NewFileHasItsModeWhateverTheUmask) {
  for (const mode_t mask : {0000, 0022, 0777}) {
    EXPECT_EQ(RunInChild([&] {
                umask(mask);
                EXPECT_TRUE(Segment::AttachOrCreate(path_, SmallSegment()).ok());
              }),
              0);
    struct stat status;
    ASSERT_EQ(stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
    std::filesystem::remove(path_);
  }
}

TEST_F(SegmentFileTest, NameIsGivenOnceAndNeverTaken) {
  const auto first = MakeUnnamedFile(path_, 8'192);
  const auto second = MakeUnnamedFile(path_, 8'192);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  EXPECT_TRUE(GiveName(first.value(), path_).value());
  EXPECT_FALSE(GiveName(second.value(), path_).value());
  EXPECT_EQ(std::filesystem::file_size(path_), 8'192U);
}

TEST_F(SegmentFileTest, FolderThatCannotBeWrittenIsNamed) {
  const auto file = MakeUnnamedFile("/proc/segment", 8'192);
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code, ErrorCode::kNotCreatable);
  EXPECT_THAT(file.error().message, ::testing::HasSubstr("/proc"));
}

}  // namespace
}  // namespace shmetrics::shm

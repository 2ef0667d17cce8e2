#include "client-lib/audio/ledger_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/private_folder.h"

namespace shmetrics::audio {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LedgerFileTest : public ::testing::Test {
 protected:
  Result<std::vector<shm::LedgerRecord>> Read(const std::string& text) {
    std::ofstream(path_) << text;
    chmod(path_.c_str(), 0640);
    return ReadLedgerFile(path_);
  }
  static std::string FileOf(const std::string& users) {
    return R"({"format": "shmetrics-ledger-1", "saved": "2026-11-22T16:00:00.000Z", "users": [)" + users +
           "]}";
  }
  static std::string User(const std::string& name, const std::string& day, const std::string& nano_minutes,
                          const std::string& tier) {
    return R"({"user": ")" + name + R"(", "day": ")" + day + R"(", "nano_minutes": )" + nano_minutes +
           R"(, "tier": )" + tier + "}";
  }
  /// The error for `text`, which must be refused.
  std::string ErrorOf(const std::string& text, ErrorCode code = ErrorCode::kCorrupt) {
    const auto read = Read(text);
    if (read.ok()) return "accepted";
    EXPECT_EQ(read.error().code, code);
    EXPECT_THAT(read.error().message, HasSubstr(path_));
    return read.error().message;
  }

  testing::PrivateFolder folder_;
  const std::string path_ = folder_ / "ledger.json";
};

TEST_F(LedgerFileTest, AnAbsentFileIsAnEmptyLedger) {
  const auto read = ReadLedgerFile(path_);
  ASSERT_TRUE(read.ok());
  EXPECT_THAT(read.value(), IsEmpty());
}

TEST_F(LedgerFileTest, EveryUserIsRead) {
  const auto read = Read(FileOf(User("42", "1970-01-02", "1500000000", "\"premium\"") + "," +
                                User("\\u00e4\\\"", "9999-12-31", "9000000000000000", "null")));
  ASSERT_TRUE(read.ok()) << read.error().message;
  const std::vector<shm::LedgerRecord>& users = read.value();
  ASSERT_EQ(users.size(), 2U);
  EXPECT_EQ(users[0].key, "42");
  EXPECT_EQ(users[0].day, 1);
  EXPECT_EQ(users[0].amount, 1'500'000'000U);
  EXPECT_EQ(users[0].key_class, 3U);
  EXPECT_EQ(users[1].key, "\xc3\xa4\"");
  EXPECT_EQ(users[1].day, 2'932'896);
  EXPECT_EQ(users[1].amount, 9'000'000'000'000'000U);
  EXPECT_EQ(users[1].key_class, 0U);
}

TEST_F(LedgerFileTest, AMalformedUserIsNamedByItsNumber) {
  const std::string good = User("1", "2026-11-22", "0", "null");
  for (const std::string& bad :
       {std::string("7"), std::string("{}"), User("", "2026-11-22", "0", "null"),
        User("2", "2026-11-31", "0", "null"), User("2", "2026-1-22x", "0", "null"),
        User("2", "2026-11-22T", "0", "null"), User("2", "1969-12-31", "0", "null"),
        User("2", "2026-11--2", "0", "null"), User("2", "2026-11-22", "-1", "null"),
        User("2", "2026-11-22", "1.5", "null"), User("2", "2026-11-22", "\"1\"", "null"),
        User("2", "2026-11-22", "9000000000000001", "null"), User("2", "2026-11-22", "0", "\"gold\""),
        User("2", "2026-11-22", "0", "3"),
        std::string(R"({"user": "2", "day": "2026-11-22", "nano_minutes": 0})"),
        std::string(R"({"user": "2", "day": "2026-11-22", "nano_minutes": 0, "nano_minutes": 1})"),
        std::string(R"({"user": "2", "day": "2026-11-22", "nano_minutes": 0, "tier": null, "x": 1})")}) {
    EXPECT_THAT(ErrorOf(FileOf(good + "," + bad)), HasSubstr("user number 2 is not as it should be")) << bad;
  }
}

TEST_F(LedgerFileTest, AUserTwiceOrOutOfOrderIsRefused) {
  const std::string b = User("b", "2026-11-22", "0", "null");
  EXPECT_THAT(ErrorOf(FileOf(b + "," + b)), HasSubstr("user number 2 is out of order"));
  EXPECT_THAT(ErrorOf(FileOf(b + "," + User("a", "2026-11-22", "0", "null"))), HasSubstr("user number 2"));
}

TEST_F(LedgerFileTest, AFileThatIsNoLedgerIsRefused) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("broken JSON at byte 0"));
  EXPECT_THAT(ErrorOf(FileOf("") + "x"), HasSubstr("broken JSON"));
  EXPECT_THAT(ErrorOf(FileOf("").substr(0, 50)), HasSubstr("broken JSON"));
  EXPECT_THAT(ErrorOf(std::string(1'000'000, '[')), HasSubstr("broken JSON"));
  EXPECT_THAT(ErrorOf(FileOf(User("\xff", "2026-11-22", "0", "null"))), HasSubstr("broken JSON"));
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("its format is neither shmetrics-ledger-2 nor shmetrics-ledger-1"));
  EXPECT_THAT(ErrorOf(R"({"format": "shmetrics-ledger-3", "saved": "", "users": []})"),
              HasSubstr("its format"));
  for (
      const char* bad :
      {R"({"format": "shmetrics-ledger-2", "saved": "", "users": []})",
       R"({"format": "shmetrics-ledger-2", "saved": "", "segment": 1, "segment_id": "", "users": []})",
       R"({"format": "shmetrics-ledger-2", "saved": "", "segment": "", "segment_id": "", "x": 1, "users": []})"}) {
    EXPECT_THAT(ErrorOf(bad), HasSubstr("not just format, saved, segment, segment_id and users")) << bad;
  }
  for (const char* bad : {R"({"format": "shmetrics-ledger-1", "users": []})",
                          R"({"format": "shmetrics-ledger-1", "saved": "", "users": {}})",
                          R"({"format": "shmetrics-ledger-1", "saved": "", "users": [], "x": 1})"}) {
    EXPECT_THAT(ErrorOf(bad), HasSubstr("not just format, saved and users")) << bad;
  }
}

TEST_F(LedgerFileTest, AFileThatTheWorldMayWriteIsRefused) {
  std::ofstream(path_) << FileOf("");
  chmod(path_.c_str(), 0646);
  EXPECT_EQ(ReadLedgerFile(path_).error().code, ErrorCode::kUnsafeMode);
  chmod(path_.c_str(), 0644);
  EXPECT_TRUE(ReadLedgerFile(path_).ok());
}

TEST_F(LedgerFileTest, AStrangersFileIsRefusedUnlessTheFolderVouchesForItsOwner) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  constexpr uid_t kAlice = 20'001;
  constexpr gid_t kGroup = 20'100, kOtherGroup = 20'200;
  std::ofstream(path_) << FileOf("");
  chmod(path_.c_str(), 0640);
  ASSERT_EQ(chown(path_.c_str(), kAlice, kGroup), 0);
  const auto refused = ReadLedgerFile(path_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kForeignOwner);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr(path_), HasSubstr("uid 20001")));

  const auto is_read_in = [&](uid_t owner, gid_t group, mode_t mode) {
    EXPECT_EQ(chown(folder_.path().c_str(), owner, group), 0);
    EXPECT_EQ(chmod(folder_.path().c_str(), mode), 0);
    return ReadLedgerFile(path_).ok();
  };
  EXPECT_TRUE(is_read_in(kAlice, kOtherGroup, 0755));
  EXPECT_TRUE(is_read_in(0, kGroup, 02770));
  EXPECT_FALSE(is_read_in(0, kGroup, 0770)) << "not set-group-id";
  EXPECT_FALSE(is_read_in(0, kGroup, 02775)) << "the world may read the folder";
  EXPECT_FALSE(is_read_in(0, kOtherGroup, 02770)) << "another group";
}

TEST_F(LedgerFileTest, ALinkAFolderAndAPipeAreRefused) {
  std::ofstream(folder_ / "other") << FileOf("");
  std::filesystem::create_symlink(folder_ / "other", path_);
  EXPECT_EQ(ReadLedgerFile(path_).error().code, ErrorCode::kSymlink);
  EXPECT_EQ(ReadLedgerFile(folder_.path()).error().code, ErrorCode::kNotRegular);
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(ReadLedgerFile(folder_ / "pipe").error().code, ErrorCode::kNotRegular);
}

TEST_F(LedgerFileTest, AFileOfMoreThan64MibIsNotEvenRead) {
  std::ofstream(path_) << FileOf("");
  chmod(path_.c_str(), 0640);
  std::filesystem::resize_file(path_, (64U << 20U) + 1);
  EXPECT_THAT(ReadLedgerFile(path_).error().message, HasSubstr("more than 64 MiB"));
}

}  // namespace
}  // namespace shmetrics::audio

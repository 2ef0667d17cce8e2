#include "agent/audio/ledger_saver.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/base/log.h"
#include "client-lib/audio/ledger_loader.h"
#include "tests/agent/view/segment_writer.h"

namespace shmetrics::agent {
namespace {

using Always = LedgerSaver::Always;
using shm::LedgerRecord;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

const audio::LedgerOrigin kOrigin{"/run/shmetrics/default.v1", "01"};
const std::vector<LedgerRecord> kUsers = {{"42", 20'779, 1, 0}};

class LedgerSaverTest : public ::testing::Test {
 protected:
  using Fields = std::tuple<std::string, std::int64_t, std::uint64_t, std::uint32_t>;

  std::string Text() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  /// The ledger as workers read it from the file.
  std::vector<Fields> ReadBack() const {
    const auto read = audio::ReadLedgerFile(path_);
    if (!read.ok()) return {{read.error().message, 0, 0, 0}};
    std::vector<Fields> users;
    for (const LedgerRecord& user : read.value()) {
      users.emplace_back(user.key, user.day, user.amount, user.key_class);
    }
    return users;
  }
  ino_t Inode() const {
    struct stat file {};
    stat(path_.c_str(), &file);
    return file.st_ino;
  }
  std::ptrdiff_t FilesInFolder() const {
    return std::distance(std::filesystem::directory_iterator(folder_ / "."), {});
  }

  shmetrics::testing::TemporaryFolder folder_;
  const std::string path_ = folder_ / "ledger.json";
  void Save(std::vector<LedgerRecord> ledger) { saver_.Save(std::move(ledger), kOrigin); }

  SaveStats stats_;
  LedgerSaver saver_{path_, &stats_};
};

/// The log lines that `action` causes.
template <class Action>
std::string LogOf(Action action) {
  StartLog(LogLevel::kInfo);
  ::testing::internal::CaptureStderr();
  action();
  return ::testing::internal::GetCapturedStderr();
}

TEST_F(LedgerSaverTest, WorkersReadWhatTheAgentWrote) {
  Save({{"b \"\\\n\x01", 20'779, 1'500'000'000, 0},
        {"a", 0, 0, 1},
        {"\xc3\xa4", 2'932'896, 9'000'000'000'000'000, 3},
        {"aa", 20'779, 7, 2}});
  EXPECT_THAT(ReadBack(), ElementsAre(Fields("a", 0, 0, 1), Fields("aa", 20'779, 7, 2),
                                      Fields("b \"\\\n\x01", 20'779, 1'500'000'000, 0),
                                      Fields("\xc3\xa4", 2'932'896, 9'000'000'000'000'000, 3)));
}

TEST_F(LedgerSaverTest, AFullLedgerIsRead) {
  std::vector<LedgerRecord> users(65'536);
  for (std::size_t i = 0; i < users.size(); i++) users[i] = {std::to_string(i), 20'779, i + 1, 0};
  Save(users);
  EXPECT_EQ(ReadBack().size(), users.size());
}

TEST_F(LedgerSaverTest, TheFileHasThePromisedForm) {
  Save({{"42", 20'779, 1'500'000'000, 3}, {"43", 20'779, 1, 0}});
  EXPECT_THAT(Text(),
              MatchesRegex(R"(\{"format":"shmetrics-ledger-2","saved":"....-..-..T..:..:..[.]...Z",)"
                           R"("segment":"/run/shmetrics/default.v1","segment_id":"01","users":\[)"
                           R"(\{"user":"42","day":"2026-11-22","nano_minutes":1500000000,"tier":"premium"\},)"
                           R"(\{"user":"43","day":"2026-11-22","nano_minutes":1,"tier":null\}\]\}.)"));
}

TEST_F(LedgerSaverTest, AnEmptyLedgerIsSavedToo) {
  Save({});
  EXPECT_THAT(ReadBack(), ElementsAre());
  EXPECT_THAT(Text(), HasSubstr("\"users\":[]"));
}

TEST_F(LedgerSaverTest, ItIsReplacedWholeAndOnlyIfSomethingHasChanged) {
  Save({{"42", 20'779, 1, 0}, {"43", 20'779, 1, 0}});
  const ino_t first = Inode();
  Save({{"43", 20'779, 1, 0}, {"42", 20'779, 1, 0}});
  EXPECT_EQ(Inode(), first) << "only the order was another";
  std::filesystem::create_hard_link(path_, folder_ / "kept");
  Save({{"42", 20'779, 2, 0}});
  EXPECT_NE(Inode(), first);
  EXPECT_THAT(ReadBack(), ElementsAre(Fields("42", 20'779, 2, 0)));
  EXPECT_EQ(audio::ReadLedgerFile(folder_ / "kept")->size(), 2U) << "the former file was written to";
  EXPECT_EQ(FilesInFolder(), 2) << "a temporary file was left behind";
}

TEST_F(LedgerSaverTest, OnlyTheLeftoversOfAKilledAgentAreRemovedAfterAMinute) {
  const auto make = [this](const std::string& name, std::time_t age) {
    std::ofstream(folder_ / name) << "x";
    const timespec times[] = {{std::time(nullptr) - age, 0}, {std::time(nullptr) - age, 0}};
    EXPECT_EQ(utimensat(AT_FDCWD, (folder_ / name).c_str(), times, 0), 0);
  };
  const auto is_there = [this](const std::string& name) { return std::filesystem::exists(folder_ / name); };
  make("ledger.json.new-18446744073709551615", 90);
  make("ledger.json.new-7", 90);
  make("ledger.json.new-8", 10);  // another agent may be writing to it
  const std::vector<std::string> others = {"ledger.json.new-", "ledger.json.new-7x", "ledger.json.newer-7",
                                           "other.json.new-7", "ledger.json.old"};
  for (const std::string& other : others) make(other, 90);
  std::filesystem::create_directory(folder_ / "ledger.json.new-9");
  const timespec old[] = {{0, 0}, {0, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, (folder_ / "ledger.json.new-9").c_str(), old, 0), 0);
  Save({{"42", 20'779, 1, 0}});
  EXPECT_FALSE(is_there("ledger.json.new-18446744073709551615"));
  EXPECT_FALSE(is_there("ledger.json.new-7"));
  EXPECT_TRUE(is_there("ledger.json.new-8"));
  EXPECT_TRUE(is_there("ledger.json.new-9"));
  for (const std::string& other : others) EXPECT_TRUE(is_there(other)) << other;
  EXPECT_THAT(ReadBack(), ElementsAre(Fields("42", 20'779, 1, 0)));
}

TEST_F(LedgerSaverTest, TheGroupMayReadItWhateverTheUmask) {
  const mode_t former = umask(077);
  Save({});
  umask(former);
  struct stat file {};
  ASSERT_EQ(stat(path_.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 07777U, 0640U);
}

TEST_F(LedgerSaverTest, AFailureIsLoggedOnceAndTheNextCallTriesAgain) {
  const std::string missing = folder_ / "missing";
  SaveStats stats;
  LedgerSaver saver(missing + "/ledger.json", &stats);
  const std::string failed = LogOf([&] {
    EXPECT_FALSE(saver.Save({}, kOrigin));
    EXPECT_FALSE(saver.Save(kUsers, kOrigin));
  });
  EXPECT_EQ(stats.failures, 2U);
  EXPECT_EQ(stats.success_unix_seconds, 0);
  const std::string sentence =
      "no file can be made beside " + missing + "/ledger.json: No such file or directory";
  EXPECT_THAT(failed, HasSubstr(sentence));
  EXPECT_EQ(failed.find(sentence), failed.rfind(sentence)) << failed;

  std::filesystem::create_directory(missing);
  const std::string saved = LogOf([&] {
    EXPECT_TRUE(saver.Save(kUsers, kOrigin));
    EXPECT_TRUE(saver.Save({{"42", 20'779, 2, 0}}, kOrigin));
  });
  EXPECT_GT(stats.success_unix_seconds, 0);
  EXPECT_THAT(saved, HasSubstr("saved again"));
  EXPECT_EQ(saved.find("saved again"), saved.rfind("saved again")) << saved;
  EXPECT_EQ(audio::ReadLedgerFile(missing + "/ledger.json")->size(), 1U);
}

TEST_F(LedgerSaverTest, AFolderWithItsNameIsNotHarmed) {
  std::filesystem::create_directory(path_);
  EXPECT_THAT(LogOf([&] { Save({}); }), HasSubstr("nobody can tell of which segment " + path_ + " is"));
  EXPECT_TRUE(std::filesystem::is_directory(path_));
  EXPECT_EQ(FilesInFolder(), 1) << "a temporary file was left behind";
}

// Fault A9.
TEST_F(LedgerSaverTest, ADeletedOrChangedFileIsWrittenAgainThoughNothingHasChanged) {
  Save(kUsers);
  std::filesystem::remove(path_);
  Save(kUsers);
  EXPECT_EQ(ReadBack().size(), 1U);
  SaveStats stats;
  EXPECT_TRUE(LedgerSaver(path_, &stats).Save({}, kOrigin)) << "another agent of the same segment";
  Save(kUsers);
  EXPECT_EQ(ReadBack().size(), 1U);
}

// Fault A9.
TEST_F(LedgerSaverTest, AtTheEndItIsWrittenThoughNothingHasChanged) {
  Save(kUsers);
  const ino_t first = Inode();
  EXPECT_TRUE(saver_.Save(kUsers, kOrigin, Always::kYes));
  EXPECT_NE(Inode(), first);
}

// Fault A9.
TEST_F(LedgerSaverTest, TheFileOfAnotherSegmentIsLeftAsItIs) {
  Save(kUsers);
  SaveStats stats;
  LedgerSaver other(path_, &stats);
  const audio::LedgerOrigin origin{"/run/other/default.v1", "02"};
  const std::string log = LogOf([&] {
    EXPECT_FALSE(other.Save({}, origin));
    EXPECT_FALSE(other.Save({}, origin, Always::kYes));
  });
  EXPECT_THAT(log,
              HasSubstr(path_ + " is the ledger of segment /run/shmetrics/default.v1; give each segment"));
  EXPECT_EQ(stats.failures, 2U);
  EXPECT_EQ(ReadBack().size(), 1U);
  std::filesystem::remove(path_);
  EXPECT_TRUE(other.Save({}, origin));
  EXPECT_FALSE(saver_.Save(kUsers, kOrigin)) << "the other one has it now";
  EXPECT_EQ(stats_.failures, 1U);
}

// Fault A9.
TEST_F(LedgerSaverTest, TheSegmentAfterABootTakesTheFileOverButTwoAtATimeDoNotShareIt) {
  Save(kUsers);
  SaveStats stats;
  LedgerSaver after(path_, &stats);
  const audio::LedgerOrigin next{kOrigin.segment, "02"};
  EXPECT_TRUE(after.Save({}, next)) << "the same path, and a newer segment";
  EXPECT_THAT(LogOf([&] { EXPECT_FALSE(saver_.Save(kUsers, kOrigin)); }),
              HasSubstr("another segment with the path"));
  EXPECT_EQ(ReadBack().size(), 0U);
}

// Fault A9.
TEST_F(LedgerSaverTest, AFileThatNobodyCanReadIsNotReplaced) {
  std::ofstream(path_) << "my notes";
  EXPECT_THAT(LogOf([&] { EXPECT_FALSE(saver_.Save(kUsers, kOrigin)); }),
              HasSubstr("nobody can tell of which segment " + path_ + " is, because broken JSON"));
  EXPECT_EQ(Text(), "my notes");
}

// Fault A9.
TEST_F(LedgerSaverTest, AFileFromBeforeItNamedItsSegmentIsTakenOver) {
  std::ofstream(path_) << R"({"format": "shmetrics-ledger-1", "saved": "", "users": []})";
  EXPECT_TRUE(saver_.Save(kUsers, kOrigin));
  EXPECT_EQ(ReadBack().size(), 1U);
}

TEST_F(LedgerSaverTest, WithHashedIdsNoRawIdIsSaved) {
  const std::string path = folder_ / "segment";
  CurrentView view(path);
  shmetrics::testing::SegmentWriter writer(path);
  writer.SetTier("alice@example.org", 3);
  writer.SetTier("u_5bdcc146bf60754e", 2);
  writer.MarkLedgerLoaded();
  audio::AudioConfig hashing;
  hashing.hash_user_id = true;
  saver_.SaveFrom(&view, hashing);
  ASSERT_EQ(ReadBack().size(), 1U);
  EXPECT_EQ(std::get<0>(ReadBack()[0]), "u_5bdcc146bf60754e");
  saver_.SaveFrom(&view, {});
  EXPECT_EQ(ReadBack().size(), 2U);
}

TEST_F(LedgerSaverTest, ItWarnsWhenNoWorkerLoadsTheFileForLong) {
  const std::string path = folder_ / "segment";
  CurrentView view(path);
  shmetrics::testing::SegmentWriter(path).SetTier("42", 3);
  const auto now = std::chrono::steady_clock::now();
  EXPECT_THAT(LogOf([&] { saver_.SaveFrom(&view, {}, Always::kNo, now); }), Not(HasSubstr("level=warn")));
  EXPECT_THAT(LogOf([&] { saver_.SaveFrom(&view, {}, Always::kNo, now + std::chrono::seconds(61)); }),
              HasSubstr("the ledger is not saved: no worker has loaded " + path_));
}

TEST_F(LedgerSaverTest, NothingIsWrittenWhileThereIsNoLedgerToSave) {
  const std::string path = folder_ / "segment";
  CurrentView view(path);
  saver_.SaveFrom(&view, {});
  EXPECT_FALSE(std::filesystem::exists(path_));
  shmetrics::testing::SegmentWriter(path).SetTier("42", 3);
  saver_.SaveFrom(&view, {});
  EXPECT_FALSE(std::filesystem::exists(path_)) << "no worker has taken over what was saved before";
}

}  // namespace
}  // namespace shmetrics::agent

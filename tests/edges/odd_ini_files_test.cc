// Fault A16. Files that are no ini files, or that inih would misread: one line that names file, line and key,
// and exit code 2. Workers read the same file, and refuse it by the same words.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "shmetrics/audio.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/private_folder.h"
#include "tests/support/program.h"

namespace shmetrics {
namespace {

using testing::Ended;
using ::testing::HasSubstr;
using testing::RunProgram;
using ::testing::StartsWith;

class OddIniFilesTest : public ::testing::Test {
 protected:
  /// What --config.check says of the file, if it is one line and the exit code is 2.
  static std::string Check(const std::string& path) {
    const Ended ended =
        RunProgram({"timeout", "20", SHMETRICS_AGENT, "--config.check", "--config.file", path});
    if (ended.code == 0) return ended.output;
    EXPECT_EQ(ended.code, 2) << ended.errors;
    EXPECT_EQ(std::ranges::count(ended.errors, '\n'), 1) << ended.errors;
    EXPECT_EQ(ended.output, "");
    return ended.errors;
  }
  std::string CheckText(const std::string& text) const {
    std::ofstream(ini_, std::ios::binary) << text;
    return Check(ini_);
  }
  std::string Said(const std::string& what) const { return "shmetrics-agent: " + ini_ + ": " + what; }

  const testing::PrivateFolder folder_;
  const std::string ini_ = folder_ / "t.ini";
};

TEST_F(OddIniFilesTest, ATextThatWouldBeMisreadIsNamedWithFileLineAndKey) {
  const std::string nul(1, '\0');
  const struct {
    std::string text;
    std::string said;
  } cases[] = {
      {"[web]\rmax_connections = 5\r", "line 1: has a carriage return"},
      {"[web]\nmax_connections = 6" + nul + "4\n", "line 2: [web] max_connections: has a zero byte"},
      {"[web]\n" + nul + "max_connections = bogus\n", "line 2: [web] max_connections: has a zero byte"},
      {"\xff\xfe[" + nul + "w" + nul + "]" + nul + "\n" + nul, "line 1: has a zero byte"},
      {"[Audio-Quota]\nhash_user_id = true\nhash_user_id_key = abcdefghijklmnopq ;rstuvw\n",
       "line 3: [Audio-Quota] hash_user_id_key: has a ';' after a blank"},
      {"[web]\nmax_connections = 5 ; mine\n", "line 2: [web] max_connections: has a ';' after a blank"},
      {"[segment]\npath = /" + std::string(65'600, 'a') + "\n", "line 2: [segment] path: is longer than"},
      {"[web]\n;" + std::string(65'534, 'c') + "max_connections = 7bad\n[x]\n", "line 2: is longer than"},
      {"[Audio-Quota]\nmodels = " + std::string(65'526, 'm') + "hash_user_id = false\n",
       "line 2: [Audio-Quota] models: is longer than"},
      {"[" + std::string(60, 'x') + "]\na = 1\n", "line 1: the name of the section is longer than 49 bytes"},
      {"[web] max_connections = 5\n", "line 1: [web] is followed by text"},
      {"[web.users]\n", "line 1: [web.users] has no user"},
  };
  for (const auto& [text, said] : cases) EXPECT_THAT(CheckText(text), StartsWith(Said(said)));
}

TEST_F(OddIniFilesTest, WhatIsNoFileIsNamedAndNobodyWaitsForIt) {
  EXPECT_EQ(Check(folder_.path()), "shmetrics-agent: " + folder_.path() + ": is a folder and not a file\n");
  ASSERT_EQ(mkfifo(ini_.c_str(), 0600), 0);
  EXPECT_EQ(Check(ini_), Said("is a pipe and not a file\n"));
  std::filesystem::remove(ini_);
  EXPECT_EQ(Check(ini_), Said("could not be opened: No such file or directory\n"));
}

TEST_F(OddIniFilesTest, ACertificateThatIsNoFileIsNamedWithFileLineAndKey) {
  const std::string pipe = folder_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const std::string certificate = "[web]\ntls_certificate = ";
  EXPECT_EQ(CheckText(certificate + folder_.path() + "\ntls_key = /dev/null\n"),
            Said("line 2: [web] tls_certificate: " + folder_.path() + ": is a folder and not a file\n"));
  EXPECT_EQ(CheckText(certificate + pipe + "\ntls_key = /dev/null\n"),
            Said("line 2: [web] tls_certificate: " + pipe + ": is a pipe and not a file\n"));
  EXPECT_THAT(CheckText("[web]\ntls_key = /dev/null\n"),
              StartsWith(Said("line 2: [web] tls_key: '/dev/null' is not")));
}

TEST_F(OddIniFilesTest, WhatEditorsWriteIsRead) {
  const std::string text = "[web]\nmax_connections = 5\n";
  EXPECT_EQ(CheckText("\xef\xbb\xbf" + text), "ok\n");
  EXPECT_EQ(CheckText("[web]\r\nmax_connections = 5\r\n"), "ok\n");
  EXPECT_EQ(CheckText("[web]\nmax_connections = 5"), "ok\n");
  EXPECT_EQ(CheckText(""), "ok\n");
  EXPECT_EQ(CheckText("[web] ; of the agent\n" + std::string(300'000, '\n') + "max_connections = 5\n"),
            "ok\n");
}

TEST_F(OddIniFilesTest, WorkersRefuseWhatTheAgentRefuses) {
  setenv("SHMETRICS_CONFIG", ini_.c_str(), 1);
  for (const std::string& text : {std::string("[segment]\npath = /x ; mine\n"),
                                  "[Audio-Quota]\nhash_user_id = tr" + std::string(1, '\0') + "ue\n"}) {
    std::ofstream(ini_, std::ios::binary) << text;
    const RegistryStatus status = Registry::open({}).status();
    EXPECT_EQ(status.error_code, ErrorCode::kBadOption);
    EXPECT_THAT(status.error, HasSubstr(ini_ + ": line 2: "));
    EXPECT_FALSE(audio::Quota(Registry::global()).status().warnings.empty());
  }
  unsetenv("SHMETRICS_CONFIG");
}

}  // namespace
}  // namespace shmetrics

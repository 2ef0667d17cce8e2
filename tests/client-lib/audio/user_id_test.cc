#include "client-lib/audio/user_id.h"

#include <gtest/gtest.h>

#include <string>

namespace shmetrics::audio {
namespace {

using namespace std::string_literals;

TEST(UserIdTest, OneTo256BytesAreTaken) {
  EXPECT_TRUE(CheckUserId("4").ok());
  EXPECT_TRUE(CheckUserId(std::string(256, 'x')).ok());
  for (const std::string& user : {""s, std::string(257, 'x'), std::string(1U << 20U, 'x')}) {
    const Result<void> refused = CheckUserId(user);
    ASSERT_FALSE(refused.ok()) << user.size();
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidLabels);
    EXPECT_NE(refused.error().message.find(std::to_string(user.size()) + " bytes"), std::string::npos)
        << refused.error().message;
  }
}

// Fault 34.
TEST(UserIdTest, AllValidUtf8IsTakenAndNothingElse) {
  for (const std::string& user : {"jürgen"s, "\xf0\x9f\x8e\xa4"s, "quote\" newline\n \x1b[0m"s, " "s}) {
    EXPECT_TRUE(CheckUserId(user).ok()) << user;
  }
  for (const std::string& user :
       {"\xff"s, "cut \xc3"s, "overlong \xc0\xaf"s, "half \xed\xa0\x80"s, "nul\0"s, "\0"s}) {
    const Result<void> refused = CheckUserId(user);
    ASSERT_FALSE(refused.ok()) << user;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidLabels);
  }
}

TEST(UserIdTest, TheMessageSaysWhatWasRefusedWithoutRepeatingIt) {
  const Result<void> refused = CheckUserId("bad \xff\x1b[0m", "model");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message, "model refused: it is not UTF-8 without NUL");
  EXPECT_EQ(CheckUserId("").error().message.find("user id refused"), 0U);
}

}  // namespace
}  // namespace shmetrics::audio

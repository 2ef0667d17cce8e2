#include "agent/http/basic_auth.h"

#include <crypt.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace shmetrics::agent {
namespace {

using Verdict = BasicAuth::Verdict;

// The hash of "right", at the lowest cost, so that the tests are quick.
const std::string kHash = [] {
  crypt_data work{};
  return std::string(crypt_r("right", "$2y$04$abcdefghijklmnopqrstuu", &work));
}();

// "scraper:right" and others, as a client encodes them.
constexpr const char* kRight = "Basic c2NyYXBlcjpyaWdodA==";
constexpr const char* kWrong = "Basic c2NyYXBlcjp3cm9uZw==";        // scraper:wrong
constexpr const char* kNobody = "Basic bm9ib2R5OnJpZ2h0";           // nobody:right
constexpr const char* kNul = "Basic c2NyYXBlcjpyaWdodAB3cm9uZw==";  // scraper:right NUL wrong

class BasicAuthTest : public ::testing::Test {
 protected:
  Verdict Check(const std::string& authorization, const std::string& client = "a") {
    return auth_.Check(users_, authorization, client);
  }

  std::vector<WebUser> users_ = {{"other", kHash}, {"scraper", kHash}};
  BasicAuth auth_;
};

TEST_F(BasicAuthTest, TheRightPasswordIsAdmitted) {
  EXPECT_EQ(Check(kRight), Verdict::kAdmitted);
  EXPECT_EQ(Check("basic c2NyYXBlcjpyaWdodA=="), Verdict::kAdmitted) << "the scheme has no case";
}

TEST_F(BasicAuthTest, WithoutUsersEverybodyIsAdmitted) {
  users_.clear();
  EXPECT_EQ(Check(""), Verdict::kAdmitted);
  EXPECT_EQ(Check(kWrong), Verdict::kAdmitted);
}

TEST_F(BasicAuthTest, AWrongPasswordIsRefused) {
  EXPECT_EQ(Check(kWrong), Verdict::kRefused);
  EXPECT_EQ(BasicAuth().Check(users_, kNobody, "a"), Verdict::kRefused);
}

TEST_F(BasicAuthTest, AMalformedHeaderIsRefusedAndIsNoGuess) {
  for (const std::string authorization : {"", "Basic", "Basic ", "Basic !!!", "Basic c2NyYXBlcg==",
                                          "Bearer c2NyYXBlcjpyaWdodA==", "Basic c2NyYXBlcjpyaWdodA", kNul}) {
    EXPECT_EQ(Check(authorization), Verdict::kRefused) << authorization;
  }
  EXPECT_EQ(Check("Basic " + std::string(1'000'000, 'A')), Verdict::kRefused);
  EXPECT_EQ(Check(kRight), Verdict::kAdmitted) << "nothing of that made anybody wait";
}

TEST_F(BasicAuthTest, AfterAWrongPasswordItsSenderWaitsAndAKnownOneDoesNot) {
  EXPECT_EQ(Check(kRight), Verdict::kAdmitted);
  EXPECT_EQ(Check(kWrong), Verdict::kRefused);
  EXPECT_EQ(Check(kWrong), Verdict::kTooManyGuesses);
  EXPECT_EQ(Check(kNobody), Verdict::kTooManyGuesses);
  EXPECT_EQ(Check(kRight), Verdict::kAdmitted);
}

TEST_F(BasicAuthTest, AChangedHashForgetsTheFormerPassword) {
  EXPECT_EQ(Check(kRight), Verdict::kAdmitted);
  crypt_data work{};
  users_[1].bcrypt_hash = crypt_r("changed", "$2y$04$abcdefghijklmnopqrstuu", &work);
  EXPECT_EQ(Check(kRight), Verdict::kRefused);
}

TEST_F(BasicAuthTest, ARemovedUserIsRefused) {
  EXPECT_EQ(Check(kRight), Verdict::kAdmitted);
  users_.pop_back();
  EXPECT_EQ(Check(kRight), Verdict::kRefused);
}

TEST_F(BasicAuthTest, AnInvalidHashAdmitsNobody) {
  users_ = {{"scraper", ""}};
  EXPECT_EQ(Check(kRight), Verdict::kRefused);
  users_ = {{"scraper", "right"}};
  EXPECT_EQ(BasicAuth().Check(users_, kRight, "a"), Verdict::kRefused);
}

// Fault 37.
TEST_F(BasicAuthTest, AnUnknownNameTakesAsLongAsAKnownOne) {
  const auto least = [&](const char* authorization) {
    auto shortest = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 5; i++) {
      BasicAuth fresh;
      const auto began = std::chrono::steady_clock::now();
      EXPECT_EQ(fresh.Check(users_, authorization, "a"), Verdict::kRefused);
      shortest = std::min(shortest, std::chrono::steady_clock::now() - began);
    }
    return shortest;
  };
  crypt_data work{};
  for (WebUser& user : users_) user.bcrypt_hash = crypt_r("right", "$2y$08$abcdefghijklmnopqrstuu", &work);
  // Without checking a hash it would take about a thousandth of the time.
  EXPECT_GT(least(kNobody) * 3, least(kWrong));
}

TEST_F(BasicAuthTest, AKnownPasswordIsAdmittedWithoutCheckingTheHash) {
  crypt_data work{};
  users_[1].bcrypt_hash = crypt_r("right", "$2y$08$abcdefghijklmnopqrstuu", &work);
  const auto first = std::chrono::steady_clock::now();
  EXPECT_EQ(Check(kRight), Verdict::kAdmitted);
  const auto second = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; i++) EXPECT_EQ(Check(kRight), Verdict::kAdmitted);
  EXPECT_LT(std::chrono::steady_clock::now() - second, second - first) << "twenty are not as dear as one";
}

TEST(BcryptHashTest, OnlyTheFormThatHtpasswdWritesIsAccepted) {
  EXPECT_TRUE(IsBcryptHash(kHash));
  const std::string tail = kHash.substr(6);
  for (const std::string start : {"$2y$10", "$2b$12", "$2a$14"})
    EXPECT_TRUE(IsBcryptHash(start + tail)) << start;
  for (const std::string start : {"$2x$10", "$2y$15", "$2y$31", "$2y$03", "$2y$1:", "$1$y$10", "$6$$10"}) {
    EXPECT_FALSE(IsBcryptHash(start + tail)) << start;
  }
  EXPECT_FALSE(IsBcryptHash(""));
  EXPECT_FALSE(IsBcryptHash(kHash + "x"));
  EXPECT_FALSE(IsBcryptHash(kHash.substr(1)));
  EXPECT_FALSE(IsBcryptHash(kHash.substr(0, 59) + ":"));
}

}  // namespace
}  // namespace shmetrics::agent

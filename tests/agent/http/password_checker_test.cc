#include "agent/http/password_checker.h"

#include <crypt.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

namespace shmetrics::agent {
namespace {

using std::chrono::milliseconds;

std::string HashOf(const std::string& password, const std::string& cost = "04") {
  crypt_data work{};
  return crypt_r(password.c_str(), ("$2y$" + cost + "$abcdefghijklmnopqrstuu").c_str(), &work);
}

// "scraper:right" and others, as a client encodes them.
constexpr const char* kRight = "Basic c2NyYXBlcjpyaWdodA==";
constexpr const char* kWrong = "Basic c2NyYXBlcjp3cm9uZw==";  // scraper:wrong
constexpr const char* kNobody = "Basic bm9ib2R5OnJpZ2h0";     // nobody:right

class PasswordCheckerTest : public ::testing::Test {
 protected:
  std::future<PasswordVerdict> Begin(const char* authorization, const std::string& client = "a") {
    const auto promise = std::make_shared<std::promise<PasswordVerdict>>();
    auto judged = checker_.Judge(users_, authorization, client);
    if (const auto* const known = std::get_if<PasswordVerdict>(&judged)) {
      promise->set_value(*known);
      return promise->get_future();
    }
    auto request = std::get<PasswordRequest>(std::move(judged));
    request.answer = [promise](PasswordVerdict verdict) { promise->set_value(verdict); };
    checker_.Check(std::move(request));
    return promise->get_future();
  }
  PasswordVerdict Check(const char* authorization) { return Begin(authorization).get(); }

  std::vector<WebUser> users_ = {{"other", HashOf("right")}, {"scraper", HashOf("right")}};
  PasswordCounts counts_;
  PasswordChecker checker_{4, milliseconds(10'000), &counts_};
};

TEST_F(PasswordCheckerTest, ThreadsCheckWhatIsNotKnownAndWhatWasRightIsKnown) {
  EXPECT_EQ(Check(kRight), PasswordVerdict::kRight);
  EXPECT_EQ(counts_.right, 1U);
  EXPECT_EQ(Check(kRight), PasswordVerdict::kRight);
  EXPECT_EQ(counts_.remembered, 1U);
  EXPECT_EQ(Check(kWrong), PasswordVerdict::kWrong);
  EXPECT_EQ(Check(kNobody), PasswordVerdict::kWrong);
  EXPECT_EQ(counts_.wrong, 2U);
  EXPECT_EQ(Check(kRight), PasswordVerdict::kRight) << "others' guesses forget nothing";
  EXPECT_EQ(counts_.remembered, 2U);
  EXPECT_EQ(counts_.waiting, 0U);
}

TEST_F(PasswordCheckerTest, WithoutUsersEverybodyIsAdmitted) {
  users_.clear();
  EXPECT_EQ(Check(""), PasswordVerdict::kRight);
  EXPECT_EQ(Check(kWrong), PasswordVerdict::kRight);
}

TEST_F(PasswordCheckerTest, WithoutAPasswordNothingIsChecked) {
  EXPECT_EQ(Check(""), PasswordVerdict::kWrong);
  EXPECT_EQ(Check("Bearer x"), PasswordVerdict::kWrong);
  EXPECT_EQ(counts_.wrong, 0U);
}

// Fault A2.
TEST_F(PasswordCheckerTest, APasswordThatBcryptWouldCutIsRefusedUnchecked) {
  // scraper: and 73 times a.
  const std::string encoded = "Basic c2NyYXBlcjph" + [] {
    std::string rest;
    for (int i = 0; i < 24; i++) rest += "YWFh";
    return rest;
  }();
  EXPECT_EQ(Check(encoded.c_str()), PasswordVerdict::kTooLong);
  EXPECT_EQ(counts_.too_long, 1U);
}

TEST_F(PasswordCheckerTest, AReloadForgetsAPasswordOnlyIfItsHashChanged) {
  EXPECT_EQ(Check(kRight), PasswordVerdict::kRight);
  users_.insert(users_.begin(), {"new", HashOf("x")});
  EXPECT_EQ(Check(kRight), PasswordVerdict::kRight);
  EXPECT_EQ(counts_.remembered, 1U);
  users_.back().bcrypt_hash = HashOf("changed");
  EXPECT_EQ(Check(kRight), PasswordVerdict::kWrong);
  users_.pop_back();
  EXPECT_EQ(Check(kRight), PasswordVerdict::kWrong);
}

TEST_F(PasswordCheckerTest, AnInvalidHashAdmitsNobody) {
  for (const char* hash : {"", "right", "$2y$04$"}) {
    users_ = {{"scraper", hash}};
    EXPECT_EQ(Check(kRight), PasswordVerdict::kWrong) << hash;
  }
}

// Fault 37.
TEST_F(PasswordCheckerTest, AnUnknownNameIsComparedWithTheDearestHash) {
  users_ = {
      {"cheap", HashOf("right")}, {"dear", "$2y$12" + HashOf("right").substr(6)}, {"cheap2", HashOf("x")}};
  const auto judged = checker_.Judge(users_, kNobody, "a");
  ASSERT_TRUE(std::holds_alternative<PasswordRequest>(judged));
  EXPECT_EQ(std::get<PasswordRequest>(judged).candidate.name, "dear");
}

// Fault A2.
TEST_F(PasswordCheckerTest, ThreadsAnswerEveryoneAndTurnAwayWhatIsTooMuch) {
  users_[1].bcrypt_hash = HashOf("right", "08");
  std::vector<std::future<PasswordVerdict>> guesses;
  for (int i = 0; i < 50; i++) guesses.push_back(Begin(i % 2 == 0 ? kWrong : kNobody, "a"));
  EXPECT_EQ(Begin(kRight, "b").get(), PasswordVerdict::kRight) << "whose address has no place before";
  for (auto& guess : guesses) {
    EXPECT_THAT(guess.get(), ::testing::AnyOf(PasswordVerdict::kWrong, PasswordVerdict::kTurnedAway));
  }
  EXPECT_GT(counts_.turned_away, 0U);
  EXPECT_EQ(counts_.wrong + counts_.turned_away, 50U);
  EXPECT_EQ(counts_.waiting, 0U);
}

TEST_F(PasswordCheckerTest, ThreadsEndAndWhatStillComesIsTurnedAway) {
  users_[1].bcrypt_hash = HashOf("right", "10");
  std::vector<std::future<PasswordVerdict>> begun;
  for (const char* client : {"a", "b", "c", "d"}) begun.push_back(Begin(kRight, client));
  checker_.Stop();
  for (auto& one : begun) {
    EXPECT_THAT(one.get(), ::testing::AnyOf(PasswordVerdict::kRight, PasswordVerdict::kTurnedAway));
  }
  EXPECT_EQ(Begin(kWrong).get(), PasswordVerdict::kTurnedAway);
}

TEST(PasswordPatienceTest, ThreadsTurnAwayWhatHasWaitedTooLong) {
  PasswordCounts counts;
  PasswordChecker checker(40, milliseconds(20), &counts);
  const std::vector<WebUser> users = {{"scraper", HashOf("right", "09")}};
  std::vector<std::future<PasswordVerdict>> guesses;
  for (int i = 0; i < 40; i++) {
    const auto promise = std::make_shared<std::promise<PasswordVerdict>>();
    auto request = std::get<PasswordRequest>(checker.Judge(users, i == 0 ? kWrong : kNobody, "a"));
    request.digest[0] = static_cast<std::uint8_t>(i);  // no two are alike
    request.answer = [promise](PasswordVerdict verdict) { promise->set_value(verdict); };
    guesses.push_back(promise->get_future());
    checker.Check(std::move(request));
  }
  for (auto& guess : guesses) guess.wait();
  EXPECT_GT(counts.turned_away, 0U) << "forty checks take far longer than the patience";
  EXPECT_GT(counts.wrong, 0U);
}

}  // namespace
}  // namespace shmetrics::agent

#include "agent/http/password_throttle.h"

#include <gtest/gtest.h>

namespace shmetrics::agent {
namespace {

using std::chrono::milliseconds;

class PasswordThrottleTest : public ::testing::Test {
 protected:
  PasswordThrottle::Clock::time_point At(int ms) const { return start_ + milliseconds(ms); }

  const PasswordThrottle::Clock::time_point start_ = PasswordThrottle::Clock::now();
  PasswordThrottle throttle_;
};

TEST_F(PasswordThrottleTest, NobodyWaitsBeforeTheFirstWrongPassword) {
  EXPECT_TRUE(throttle_.MayLook("a", At(0)));
  EXPECT_TRUE(throttle_.MayLook("a", At(0)));
}

TEST_F(PasswordThrottleTest, AWrongPasswordCostsItsSenderASecondAndOthersFourTimesTheCheck) {
  throttle_.WasWrong("a", At(0), At(50));
  EXPECT_FALSE(throttle_.MayLook("b", At(249)));
  EXPECT_TRUE(throttle_.MayLook("b", At(250)));
  EXPECT_FALSE(throttle_.MayLook("a", At(1049)));
  EXPECT_TRUE(throttle_.MayLook("a", At(1050)));
}

TEST_F(PasswordThrottleTest, GuessesOfManyTakeAFifthOfTheTime) {
  int looks = 0;
  for (int now = 0; now < 10'000; now++) {
    const std::string client = std::to_string(now);
    if (!throttle_.MayLook(client, At(now))) continue;
    throttle_.WasWrong(client, At(now), At(now + 20));
    now += 19;
    looks++;
  }
  EXPECT_EQ(looks, 10'000 / (20 * 5));
}

}  // namespace
}  // namespace shmetrics::agent

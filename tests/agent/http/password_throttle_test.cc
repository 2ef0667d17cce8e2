#include "agent/http/password_throttle.h"

#include <gtest/gtest.h>

namespace shmetrics::agent {
namespace {

using std::chrono::milliseconds;

class GuessPaceTest : public ::testing::Test {
 protected:
  GuessPace::Clock::time_point At(int ms) const { return start_ + milliseconds(ms); }

  const GuessPace::Clock::time_point start_ = GuessPace::Clock::now();
  GuessPace pace_;
};

TEST_F(GuessPaceTest, NobodyWaitsBeforeTheFirstWrongOne) {
  EXPECT_TRUE(pace_.MayLook("a", At(0)));
  EXPECT_TRUE(pace_.MayLook("a", At(0)));
}

TEST_F(GuessPaceTest, AWrongOneCostsItsSenderASecondAndOthersFourTimesTheLook) {
  pace_.WasWrong("a", At(0), At(50));
  EXPECT_FALSE(pace_.MayLook("b", At(249)));
  EXPECT_TRUE(pace_.MayLook("b", At(250)));
  EXPECT_FALSE(pace_.MayLook("a", At(1049)));
  EXPECT_TRUE(pace_.MayLook("a", At(1050)));
}

TEST_F(GuessPaceTest, GuessesOfManyTakeAFifthOfTheTime) {
  int looks = 0;
  for (int now = 0; now < 10'000; now++) {
    const std::string client = std::to_string(now);
    if (!pace_.MayLook(client, At(now))) continue;
    pace_.WasWrong(client, At(now), At(now + 20));
    now += 19;
    looks++;
  }
  EXPECT_EQ(looks, 10'000 / (20 * 5));
}

}  // namespace
}  // namespace shmetrics::agent

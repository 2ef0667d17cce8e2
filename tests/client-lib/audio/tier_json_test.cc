#include "client-lib/audio/tier_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

namespace shmetrics::audio {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AudioTierJsonTest : public ::testing::Test {
 protected:
  const Limits before_{30.0, 1, 1, 25};
  std::array<Limits, 3> limits_ = {before_, before_, before_};
};

TEST_F(AudioTierJsonTest, OnlyTheNamedLimitsAreChanged) {
  EXPECT_THAT(
      ApplyTierJson(R"({"premium": {"daily_minutes": 1e3, "concurrent_jobs": 0}, "free": {}})", &limits_),
      IsEmpty());
  EXPECT_EQ(limits_, (std::array<Limits, 3>{before_, before_, Limits{1000.0, 1, 0, 25}}));
}

TEST_F(AudioTierJsonTest, ThereAreFourWordsForUnlimited) {
  EXPECT_THAT(
      ApplyTierJson(R"({"free": {"daily_minutes": null, "concurrent_streams": -1, "concurrent_jobs": "none",
                                         "max_file_size_mb": "unlimited"}})",
                    &limits_),
      IsEmpty());
  EXPECT_EQ(limits_[0], Limits{});
}

TEST_F(AudioTierJsonTest, WordsMayBeInUpperOrLowerCaseAsInTheIniFile) {
  EXPECT_THAT(ApplyTierJson(R"({"free": {"daily_minutes": "Unlimited", "concurrent_streams": "NONE",
                                         "concurrent_jobs": "UNLIMITED", "max_file_size_mb": "None"}})",
                            &limits_),
              IsEmpty());
  EXPECT_EQ(limits_[0], Limits{});
  EXPECT_THAT(
      ApplyTierJson(R"({"standard": {"daily_minutes": "none\u0000", "concurrent_jobs": "nonesuch"}})",
                    &limits_),
      ElementsAre(HasSubstr("daily_minutes: not a limit"), HasSubstr("concurrent_jobs: not a limit")));
}

TEST_F(AudioTierJsonTest, ABadEntryIsNamedAndChangesNothingAndTheOthersHold) {
  EXPECT_THAT(
      ApplyTierJson(R"({"gold": {}, "standard": 3,
                                "free": {"daily_minutes": "60", "streams": 1, "concurrent_jobs": 1.5,
                                         "max_file_size_mb": true, "concurrent_streams": 9}})",
                    &limits_),
      ElementsAre(HasSubstr("gold: no such tier"), HasSubstr("standard: not an object"),
                  HasSubstr("free.daily_minutes: not a limit"), HasSubstr("free.streams: no such limit"),
                  HasSubstr("free.concurrent_jobs: not a limit"),
                  HasSubstr("free.max_file_size_mb: not a limit")));
  EXPECT_EQ(limits_, (std::array<Limits, 3>{Limits{30.0, 9, 1, 25}, before_, before_}));
}

TEST_F(AudioTierJsonTest, BrokenJsonOrNoObjectChangesNothingAtAll) {
  for (const std::string& bad :
       {std::string(R"({"free": {"daily_minutes": 1}, )"), std::string("[]"), std::string("7"), std::string(),
        std::string(R"({"free": {"daily_minutes": 1}, "premium": {"daily_minutes": NaN}})"),
        std::string(R"({"free": {"daily_minutes": 1e999}})"),
        std::string(R"({"free": {"daily_minutes": 1}} x)"),
        std::string("{\"free\": {\"daily_minutes\": 1}, \"\xff\": 1}"),
        "{\"free\": {\"daily_minutes\": 1}, \"x\": " + std::string(1'000'000, '[')}) {
    EXPECT_EQ(ApplyTierJson(bad, &limits_).size(), 1U) << bad.substr(0, 60);
    EXPECT_EQ(limits_, (std::array<Limits, 3>{before_, before_, before_})) << bad.substr(0, 60);
  }
}

}  // namespace
}  // namespace shmetrics::audio

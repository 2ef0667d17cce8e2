#include "shm/exposition/escaping.h"

#include <gtest/gtest.h>

namespace shmetrics::shm {
namespace {

TEST(EscapingTest, TheDottedNamesBecomeWhatPrometheusMakesOfThem) {
  EXPECT_EQ(EscapeName("audio.streaming.active", Escaping::kUnderscores), "audio_streaming_active");
  EXPECT_EQ(EscapeName("audio.streaming.active", Escaping::kDots), "audio_dot_streaming_dot_active");
  EXPECT_EQ(EscapeName("audio.streaming.active", Escaping::kValues), "U__audio_2e_streaming_2e_active");
  EXPECT_EQ(EscapeName("audio.streaming.active", Escaping::kAllowUtf8), "audio.streaming.active");
  EXPECT_EQ(EscapeName("audio.quota_violations_total", Escaping::kDots),
            "audio_dot_quota__violations__total");
  EXPECT_EQ(EscapeName("audio.quota_violations_total", Escaping::kValues),
            "U__audio_2e_quota__violations__total");
}

TEST(EscapingTest, LegacyNamesStayAsTheyAre) {
  for (const Escaping escaping :
       {Escaping::kUnderscores, Escaping::kDots, Escaping::kValues, Escaping::kAllowUtf8}) {
    EXPECT_EQ(EscapeName("job:http_requests_total:sum", escaping), "job:http_requests_total:sum");
  }
}

TEST(EscapingTest, ADigitIsLegacyButInFront) {
  EXPECT_EQ(EscapeName("1a.2", Escaping::kUnderscores), "_a_2");
  EXPECT_EQ(EscapeName("1a.2", Escaping::kDots), "__a_dot_2");
  EXPECT_EQ(EscapeName("1a.2", Escaping::kValues), "U___31_a_2e_2");
}

TEST(EscapingTest, OneCharacterIsOneReplacementHoweverManyBytesItHas) {
  EXPECT_EQ(EscapeName("a\xf0\x9f\x8e\xa7 \xc3\xa4", Escaping::kUnderscores), "a___");
  EXPECT_EQ(EscapeName("a\xf0\x9f\x8e\xa7 \xc3\xa4", Escaping::kDots), "a______");
  EXPECT_EQ(EscapeName("a\xf0\x9f\x8e\xa7 \xc3\xa4", Escaping::kValues), "U__a_1f3a7__20__e4_");
}

}  // namespace
}  // namespace shmetrics::shm

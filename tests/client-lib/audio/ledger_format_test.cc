#include "client-lib/audio/ledger_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace shmetrics::audio {
namespace {

using shm::LedgerRecord;
using ::testing::ElementsAre;

constexpr const char* kSaved = "2026-11-22T16:00:00.000Z";
constexpr std::uint64_t kMaxNanoMinutes = 9'000'000'000'000'000;

const LedgerOrigin kOrigin{"/run/\"shmetrics\"/default.v1", "0f3a"};

using RecordFields = std::tuple<std::string, std::int64_t, std::uint64_t, std::uint32_t>;

std::string FileOf(const std::vector<LedgerRecord>& ledger) {
  return FormatLedgerFile(FormatLedgerUsers(ledger), kSaved, kOrigin);
}

/// What is read from the file that is written for `ledger`.
std::vector<RecordFields> RoundTrip(const std::vector<LedgerRecord>& ledger) {
  const auto read = ParseLedgerFile(FileOf(ledger));
  if (!read.ok()) return {{read.error().message, 0, 0, 0}};
  std::vector<RecordFields> users;
  for (const LedgerRecord& user : read.value()) {
    users.emplace_back(user.key, user.day, user.amount, user.key_class);
  }
  return users;
}

TEST(LedgerFormatTest, WhatIsWrittenIsReadAgainSortedByUser) {
  EXPECT_THAT(RoundTrip({{"b \"\\\n\x01", 20'779, 1'500'000'000, 0},
                         {"a", 0, 0, 1},
                         {"\xc3\xa4", 2'932'896, kMaxNanoMinutes, 3},
                         {"aa", 20'779, 7, 2}}),
              ElementsAre(RecordFields("a", 0, 0, 1), RecordFields("aa", 20'779, 7, 2),
                          RecordFields("b \"\\\n\x01", 20'779, 1'500'000'000, 0),
                          RecordFields("\xc3\xa4", 2'932'896, kMaxNanoMinutes, 3)));
}

// Fault U3.
TEST(LedgerFormatTest, AllDaysOfAUserAreReadAgain) {
  EXPECT_THAT(RoundTrip({{"42", 20'780, 3, 2}, {"41", 20'779, 1, 0}, {"42", 20'779, 2, 2}}),
              ElementsAre(RecordFields("41", 20'779, 1, 0), RecordFields("42", 20'779, 2, 2),
                          RecordFields("42", 20'780, 3, 2)));
}

// Fault U3.
TEST(LedgerFormatTest, TheFormerFormatIsReadAndANewerOneIsRefusedByName) {
  std::string text = FileOf({{"41", 20'779, 1, 0}, {"42", 20'779, 2, 2}});
  text[text.find("ledger-") + 7] = '3';
  const auto newer = ParseLedgerFile(text);
  ASSERT_FALSE(newer.ok());
  EXPECT_EQ(newer.error().message,
            "its format is shmetrics-ledger-3, and this version reads shmetrics-ledger-2; it was saved by a "
            "newer version");
  const auto former = [](const std::vector<LedgerRecord>& ledger) {
    return R"({"format":"shmetrics-ledger-1","saved":"x","users":)" + FormatLedgerUsers(ledger) + "}";
  };
  EXPECT_EQ(ParseLedgerFile(former({{"41", 20'779, 1, 0}, {"42", 20'779, 2, 2}}))->size(), 2U);
  EXPECT_THAT(ParseLedgerFile(former({{"42", 20'779, 1, 0}, {"42", 20'780, 2, 0}})).error().message,
              ::testing::HasSubstr("user number 2 is out of order"));
}

TEST(LedgerFormatTest, AnEmptyLedgerIsReadAgainToo) { EXPECT_THAT(RoundTrip({}), ElementsAre()); }

TEST(LedgerFormatTest, EveryDayOfAYearIsReadAgain) {
  for (std::int64_t day = 20'513; day < 20'513 + 366; day++) {
    EXPECT_THAT(RoundTrip({{"42", day, 1, 0}}), ElementsAre(RecordFields("42", day, 1, 0)));
  }
}

TEST(LedgerFormatTest, RecordsThatSayNothingOrThatNoWorkerWroteAreLeftOut) {
  EXPECT_THAT(
      RoundTrip({{"nothing", 20'779, 0, 0},
                 {"", 20'779, 1, 1},
                 {"before 1970", -1, 1, 1},
                 {"year 10000", 2'932'897, 1, 1},
                 {"tier 4", 20'779, 1, 4},
                 {"twice", 20'779, 1, 0},
                 {"twice", 20'779, 2, 0},
                 {"too many", 20'779, ~std::uint64_t{0}, 0}}),
      ElementsAre(RecordFields("too many", 20'779, kMaxNanoMinutes, 0), RecordFields("twice", 20'779, 1, 0)));
}

TEST(LedgerFormatTest, TheBytesAreThePromisedOnes) {
  EXPECT_EQ(FileOf({{"43", 20'779, 1, 0}, {"42", 20'779, 1'500'000'000, 3}}),
            R"({"format":"shmetrics-ledger-2","saved":"2026-11-22T16:00:00.000Z",)"
            R"("segment":"/run/\"shmetrics\"/default.v1","segment_id":"0f3a","users":[)"
            R"({"user":"42","day":"2026-11-22","nano_minutes":1500000000,"tier":"premium"},)"
            R"({"user":"43","day":"2026-11-22","nano_minutes":1,"tier":null}]})"
            "\n");
}

// Fault A9.
TEST(LedgerFormatTest, TheFileSaysOfWhichSegmentItIs) {
  LedgerOrigin origin;
  ASSERT_TRUE(ParseLedgerFile(FileOf({}), &origin).ok());
  EXPECT_EQ(origin, kOrigin);
  ASSERT_TRUE(ParseLedgerFile(R"({"format": "shmetrics-ledger-1", "saved": "", "users": []})", &origin).ok());
  EXPECT_EQ(origin, LedgerOrigin{}) << "an older file does not say it";
}

TEST(LedgerFormatTest, TheOriginOfASegmentIsItsPathAndItsIdInHexadecimal) {
  const std::array<std::uint8_t, 16> id = {0x00, 0xff, 0x1a};
  EXPECT_EQ(OriginOf("/run/x", id), (LedgerOrigin{"/run/x", "00ff1a00000000000000000000000000"}));
  EXPECT_EQ(OriginOf("/run/\xff", id).segment, "") << "JSON has no place for it";
}

TEST(LedgerFormatTest, ARefusalNamesThePlace) {
  std::string text = FileOf({{"42", 20'779, 1, 0}});
  text.replace(text.find("null"), 4, "four");
  const auto read = ParseLedgerFile(text);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(read.error().message, ::testing::StartsWith("broken JSON at byte 1"));
}

}  // namespace
}  // namespace shmetrics::audio

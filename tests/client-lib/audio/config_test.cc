#include "client-lib/audio/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ini.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/private_folder.h"

namespace shmetrics::audio {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kStreamTtl = "AUDIO_STREAM_TTL_SECONDS";
constexpr const char* kJobTtl = "AUDIO_JOB_TTL_SECONDS";
constexpr const char* kTiers = "AUDIO_TIER_LIMITS_JSON";

class AudioConfigTest : public ::testing::Test {
 protected:
  AudioConfigTest() { ClearEnvironment(); }
  ~AudioConfigTest() override { ClearEnvironment(); }

  static void ClearEnvironment() {
    for (const char* name : {kStreamTtl, kJobTtl, kTiers, "SHMETRICS_CONFIG"}) unsetenv(name);
  }
  AudioConfigReading Read(const std::string& text) {
    std::ofstream(path_) << text;
    return ReadAudioConfig(path_);
  }
  AudioConfigReading ReadSection(const std::string& keys) { return Read("[Audio-Quota]\n" + keys); }
  /// The configuration of `keys`, which must have no errors.
  AudioConfig Good(const std::string& keys) {
    const AudioConfigReading reading = ReadSection(keys);
    EXPECT_THAT(reading.file_errors, IsEmpty());
    EXPECT_THAT(reading.environment_errors, IsEmpty());
    return reading.config;
  }
  /// The one error of `keys`, without the name of the file, which must be in it.
  std::string ErrorOf(const std::string& keys) {
    const AudioConfigReading reading = ReadSection(keys);
    if (reading.file_errors.size() != 1) return std::to_string(reading.file_errors.size()) + " errors";
    const std::string& message = reading.file_errors[0];
    EXPECT_TRUE(message.starts_with(path_ + ": ")) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return message.substr(path_.size() + 2);
  }

  testing::PrivateFolder folder_;
  const std::string path_ = folder_ / "audio.ini";
};

TEST_F(AudioConfigTest, WithoutAFileTheDefaultsAreThoseOfTheReplacedSystem) {
  const AudioConfigReading reading = ReadAudioConfig(std::nullopt);
  EXPECT_THAT(reading.file_errors, IsEmpty());
  EXPECT_EQ(reading.config.LimitsOf(Tier::free), (Limits{30.0, 1, 1, 25}));
  EXPECT_EQ(reading.config.LimitsOf(Tier::standard), (Limits{300.0, 3, 3, 100}));
  EXPECT_EQ(reading.config.LimitsOf(Tier::premium), (Limits{std::nullopt, 10, 10, 500}));
  EXPECT_EQ(reading.config.stream_ttl, seconds(120));
  EXPECT_EQ(reading.config.job_ttl, seconds(600));
  EXPECT_FALSE(reading.config.hash_user_id);
  EXPECT_EQ(reading.config.state_file, "");
  EXPECT_THAT(reading.config.models, IsEmpty());
}

TEST_F(AudioConfigTest, EveryKeyIsRead) {
  const AudioConfig config = Good(
      "stream_ttl_seconds = 45\njob_ttl_seconds=46\nfree_daily_minutes = 1.5\nfree_concurrent_streams = 2\n"
      "standard_concurrent_jobs = 3\n  premium_max_file_size_mb : 4\nstate_file = /var/lib/x y\n"
      "hash_user_id = True\nhash_user_id_key = 0123456789abcdef\nmodels = a, b c,, a ,d\n");
  EXPECT_EQ(config.stream_ttl, seconds(45));
  EXPECT_EQ(config.job_ttl, seconds(46));
  EXPECT_EQ(config.LimitsOf(Tier::free), (Limits{1.5, 2, 1, 25}));
  EXPECT_EQ(config.LimitsOf(Tier::standard), (Limits{300.0, 3, 3, 100}));
  EXPECT_EQ(config.LimitsOf(Tier::premium), (Limits{std::nullopt, 10, 10, 4}));
  EXPECT_TRUE(config.hash_user_id);
  EXPECT_EQ(config.hash_user_id_key, "0123456789abcdef");
  EXPECT_EQ(config.state_file, "/var/lib/x y");
  EXPECT_THAT(config.models, ElementsAre("a", "b c", "d"));
}

TEST_F(AudioConfigTest, ATtlOutOfItsRangeIsMovedIntoItWithoutAnError) {
  EXPECT_EQ(Good("stream_ttl_seconds = 5\n").stream_ttl, seconds(30));
  EXPECT_EQ(Good("stream_ttl_seconds = -5\n").stream_ttl, seconds(30));
  EXPECT_EQ(Good("stream_ttl_seconds = 100000\n").stream_ttl, seconds(3600));
  EXPECT_EQ(Good("job_ttl_seconds = 99999999999999999999\n").job_ttl, seconds(3600));
  EXPECT_EQ(Good("job_ttl_seconds = -99999999999999999999\n").job_ttl, seconds(30));
}

TEST_F(AudioConfigTest, ATtlThatIsNoWholeNumberIsAnErrorAndTheDefaultHolds) {
  for (const char* bad : {"", "soon", "60s", "1e2", "60.5", "0x40", "+60", "-"}) {
    const AudioConfigReading reading = ReadSection("stream_ttl_seconds = " + std::string(bad) + "\n");
    EXPECT_THAT(reading.file_errors, ElementsAre(path_ + ": line 2: [Audio-Quota] stream_ttl_seconds: '" +
                                                 bad + "' is not a number of seconds"));
    EXPECT_EQ(reading.config.stream_ttl, seconds(120));
  }
}

TEST_F(AudioConfigTest, EveryLimitCanBeUnlimitedOrZero) {
  for (const char* unlimited : {"none", "unlimited", "-1", "Unlimited", "NONE"}) {
    const std::string value = " = " + std::string(unlimited) + "\n";
    EXPECT_EQ(Good("free_daily_minutes" + value + "free_concurrent_streams" + value + "free_concurrent_jobs" +
                   value + "free_max_file_size_mb" + value)
                  .LimitsOf(Tier::free),
              Limits{});
  }
  EXPECT_EQ(Good("premium_daily_minutes = 0\npremium_concurrent_streams = 0\npremium_concurrent_jobs = 0\n"
                 "premium_max_file_size_mb = 0\n")
                .LimitsOf(Tier::premium),
            (Limits{0.0, 0, 0, 0}));
}

TEST_F(AudioConfigTest, ALimitThatIsNoNumberOrBelow0IsAnErrorAndTheDefaultHolds) {
  for (const char* bad :
       {"", "lots", "1e3x", "nan", "inf", "-inf", "-2", "-0.5", "-0", "1e300", "0x10", "1,5"}) {
    const AudioConfigReading reading = ReadSection("standard_daily_minutes = " + std::string(bad) + "\n");
    ASSERT_EQ(reading.file_errors.size(), 1U) << bad;
    EXPECT_THAT(reading.file_errors[0], HasSubstr("line 2: [Audio-Quota] standard_daily_minutes: '" +
                                                  std::string(bad) + "' is not a limit"));
    EXPECT_EQ(reading.config.LimitsOf(Tier::standard), (Limits{300.0, 3, 3, 100}));
  }
}

TEST_F(AudioConfigTest, ACountIsAWholeNumberOf32Bits) {
  EXPECT_EQ(Good("free_concurrent_jobs = 4294967295\n").LimitsOf(Tier::free).concurrent_jobs, 4294967295U);
  for (const char* bad : {"1.5", "4294967296", "1e20", "nan"}) {
    EXPECT_THAT(ErrorOf("free_concurrent_jobs = " + std::string(bad) + "\n"), HasSubstr("is not a limit"))
        << bad;
  }
}

TEST_F(AudioConfigTest, AnUnknownKeyIsAnErrorWithItsLine) {
  EXPECT_THAT(ErrorOf("\nstream_ttl = 60\n"), HasSubstr("line 3: [Audio-Quota] stream_ttl: no such key"));
  for (const char* key :
       {"gold_daily_minutes", "free_minutes", "free", "daily_minutes", "free_", "Free_daily_minutes"}) {
    EXPECT_THAT(ErrorOf(std::string(key) + " = 1\n"), HasSubstr(std::string(key) + ": no such key"));
  }
}

TEST_F(AudioConfigTest, IfAKeyIsSetTwiceTheFirstHoldsAndTheSecondIsAnError) {
  const AudioConfigReading reading =
      Read("[Audio-Quota]\njob_ttl_seconds = 60\n[log]\nlevel = x\n[Audio-Quota]\njob_ttl_seconds = 70\n");
  EXPECT_THAT(reading.file_errors,
              ElementsAre(path_ + ": line 6: [Audio-Quota] job_ttl_seconds: was set before; "
                                  "remove one of them"));
  EXPECT_EQ(reading.config.job_ttl, seconds(60));
}

TEST_F(AudioConfigTest, AnErrorDoesNotKeepTheRestFromBeingRead) {
  const AudioConfigReading reading =
      ReadSection("gold = 1\nstream_ttl_seconds = x\njob_ttl_seconds = 60\nnonsense\nmodels = a\n");
  EXPECT_THAT(reading.file_errors,
              ElementsAre(HasSubstr("line 2: "), HasSubstr("line 3: "),
                          path_ + ": line 5: is neither a [section], nor key = value, nor a comment"));
  EXPECT_EQ(reading.config.job_ttl, seconds(60));
  EXPECT_THAT(reading.config.models, ElementsAre("a"));
}

TEST_F(AudioConfigTest, OtherSectionsArePassedOver) {
  const AudioConfigReading reading = Read(
      "stream_ttl_seconds = 1\n[web]\nport = x\nport = y\n[Audio]\nfailopen_cap_minutes = "
      "1\n[audio-quotas]\nx = 1\n");
  EXPECT_THAT(reading.file_errors, IsEmpty());
  EXPECT_EQ(reading.config.stream_ttl, seconds(120));
}

TEST_F(AudioConfigTest, AMisspeltSectionIsAnErrorAndNobodyIsDisclosed) {
  for (const std::string name :
       {"audio-quota", "Audio_Quota", "audio quota", "AUDIO-QUOTA", "AudioQuota", " Audio-Quota "}) {
    const AudioConfigReading reading =
        Read("[" + name + "]\njob_ttl_seconds = 60\nhash_user_id = false\n[Audio-Quota]\nmodels = a\n");
    EXPECT_THAT(reading.file_errors,
                Contains(path_ + ": line 2: [" + name + "] is not read; write [Audio-Quota]").Times(1));
    EXPECT_EQ(reading.config.job_ttl, seconds(600)) << name;
    EXPECT_THAT(reading.config.models, ElementsAre("a"));
    EXPECT_EQ(reading.config.UserLabelOf("alice"), "") << name;
  }
}

TEST_F(AudioConfigTest, TheFailOpenCapOfOldFilesHasNoEffect) { Good("failopen_cap_minutes = 5.0\n"); }

TEST_F(AudioConfigTest, HashingWithoutAKeyOf16BytesIsAnErrorAndNobodyIsDisclosed) {
  for (const char* key : {"", "hash_user_id_key =\n", "hash_user_id_key = 0123456789abcde\n"}) {
    const AudioConfigReading reading = ReadSection(std::string("hash_user_id = true\n") + key);
    ASSERT_EQ(reading.file_errors.size(), 1U) << key;
    EXPECT_THAT(
        reading.file_errors[0],
        AllOf(HasSubstr("[Audio-Quota] hash_user_id_key: hash_user_id needs a key of at least 16 bytes"),
              Not(HasSubstr("0123456789"))));
    EXPECT_TRUE(reading.config.hash_user_id);
    EXPECT_EQ(reading.config.hash_user_id_key, "");
    EXPECT_EQ(reading.config.UserLabelOf("alice"), "");
  }
  EXPECT_THAT(ErrorOf("hash_user_id = true\n\nhash_user_id_key = short\n"), HasSubstr("line 4: "));
}

TEST_F(AudioConfigTest, AKeyWithoutHashingIsNoError) {
  EXPECT_EQ(Good("hash_user_id_key = short\n").UserLabelOf("alice"), "alice");
  EXPECT_EQ(Good("hash_user_id = false\n").UserLabelOf("alice"), "alice");
}

TEST_F(AudioConfigTest, IfIdsAreHashedARawIdIsNoLabel) {
  EXPECT_TRUE(Good("").IsUserLabel("alice"));
  const AudioConfig hashing = Good("hash_user_id = true\nhash_user_id_key = 0123456789abcdef\n");
  EXPECT_FALSE(hashing.IsUserLabel("alice"));
  EXPECT_TRUE(hashing.IsUserLabel(hashing.UserLabelOf("alice")));
}

TEST_F(AudioConfigTest, WhateverIsWrongAboutHashingNobodyIsDisclosed) {
  for (const char* text :
       {"hash_user_id = yes\n", "hash_user_id =\n", "hash_user_id = false\nhash_user_id = true\n"}) {
    const AudioConfigReading reading = ReadSection(text);
    EXPECT_FALSE(reading.file_errors.empty()) << text;
    EXPECT_EQ(reading.config.UserLabelOf("alice"), "") << text;
  }
}

TEST_F(AudioConfigTest, NoErrorShowsTheHashKeyWhereverItWasWritten) {
  for (const char* text :
       {"hash_user_id = 0123456789abcdef\n", "hash_user_id_key = 0123456789abcdef\nhash_user_id = maybe\n",
        "hash_user_id = true\nhash_user_id_key = 01234567\n", "hash_user_id_kee = 0123456789abcdef\n",
        "hash_user_id_key = a\nhash_user_id_key = 0123456789abcdef\n",
        "hash_user_id_key 0123456789abcdef\n"}) {
    const AudioConfigReading reading = ReadSection(text);
    EXPECT_FALSE(reading.file_errors.empty()) << text;
    EXPECT_THAT(reading.file_errors, Not(Contains(AnyOf(HasSubstr("01234567"), HasSubstr("maybe"))))) << text;
  }
}

TEST_F(AudioConfigTest, ANamedFileThatIsAbsentOrUnreadableIsAnErrorAndNobodyIsDisclosed) {
  const AudioConfigReading absent = ReadAudioConfig(folder_ / "none.ini");
  EXPECT_THAT(absent.file_errors,
              ElementsAre(folder_ / "none.ini" + ": could not be opened: No such file or directory"));
  EXPECT_EQ(absent.config.UserLabelOf("alice"), "");
  const AudioConfigReading folder = ReadAudioConfig(folder_.path());
  EXPECT_THAT(folder.file_errors, Contains(HasSubstr("is a folder and not a file")));
  EXPECT_EQ(folder.config.UserLabelOf("alice"), "");
  const AudioConfigReading beyond_a_file = ReadAudioConfig("/dev/null/x");
  EXPECT_THAT(beyond_a_file.file_errors, ElementsAre(HasSubstr("could not be opened: Not a directory")));
  EXPECT_EQ(beyond_a_file.config.UserLabelOf("alice"), "");
}

TEST_F(AudioConfigTest, TheFileIsNamedOnlyIfItWasRead) {
  EXPECT_EQ(ReadSection("models = a\n").file, path_);
  EXPECT_EQ(ReadSection("models = a\nnonsense\n").file, path_) << "a file with errors was read too";
  EXPECT_EQ(ReadAudioConfig(std::nullopt).file, "");
  EXPECT_EQ(ReadAudioConfig(folder_ / "none.ini").file, "");
  EXPECT_EQ(ReadAudioConfig(folder_.path()).file, "");
}

TEST_F(AudioConfigTest, TheStateFileHasAnAbsolutePath) {
  for (const char* bad : {"", "state.json", "./state.json", "/var/lib/"}) {
    const AudioConfigReading reading = ReadSection("state_file = " + std::string(bad) + "\n");
    EXPECT_THAT(reading.file_errors, ElementsAre(HasSubstr("is not the absolute path of a file")));
    EXPECT_EQ(reading.config.state_file, "");
  }
}

TEST_F(AudioConfigTest, ModelsAreUtf8AndTheirListMayBeLong) {
  EXPECT_THAT(ErrorOf("models = a,\xff\n"), HasSubstr("models: 'a,\xff' is not a list of names in UTF-8"));
  std::string list = "m0";
  for (int i = 1; i < 1000; i++) list += ",m" + std::to_string(i);
  EXPECT_EQ(Good("models = " + list + "\n").models.size(), 1000U);
}

TEST_F(AudioConfigTest, TheEnvironmentWinsOverTheFileEverywhere) {
  setenv(kStreamTtl, "45", 1);
  setenv(kJobTtl, "9999", 1);
  setenv(kTiers, R"({"free": {"daily_minutes": 60.5, "concurrent_streams": null, "max_file_size_mb": -1},
                     "premium": {"concurrent_jobs": "unlimited", "daily_minutes": "none", "concurrent_streams": 0}})",
         1);
  const AudioConfig config = Good(
      "stream_ttl_seconds = 100\njob_ttl_seconds = 100\nfree_daily_minutes = 7\nfree_concurrent_streams = 7\n"
      "free_concurrent_jobs = 7\nfree_max_file_size_mb = 7\npremium_daily_minutes = "
      "7\npremium_concurrent_streams = 7\n"
      "premium_concurrent_jobs = 7\n");
  EXPECT_EQ(config.stream_ttl, seconds(45));
  EXPECT_EQ(config.job_ttl, seconds(3600));
  EXPECT_EQ(config.LimitsOf(Tier::free), (Limits{60.5, std::nullopt, 7, std::nullopt}));
  EXPECT_EQ(config.LimitsOf(Tier::standard), (Limits{300.0, 3, 3, 100}));
  EXPECT_EQ(config.LimitsOf(Tier::premium), (Limits{std::nullopt, 0, std::nullopt, 500}));
}

TEST_F(AudioConfigTest, SpacesAroundATtlAreTrimmedInTheEnvironmentAsInTheFile) {
  setenv(kStreamTtl, " 60", 1);
  setenv(kJobTtl, "\t70 ", 1);
  const AudioConfig config = Good("");
  EXPECT_EQ(config.stream_ttl, seconds(60));
  EXPECT_EQ(config.job_ttl, seconds(70));
  setenv(kStreamTtl, "+45", 1);
  setenv(kJobTtl, " ", 1);
  EXPECT_THAT(ReadAudioConfig(std::nullopt).environment_errors,
              ElementsAre(HasSubstr("'+45' is not a number"), HasSubstr("' ' is not a number")));
}

TEST_F(AudioConfigTest, AnErrorInAVariableNamesItAndTheFileHolds) {
  setenv(kTiers, "{\"free\": {\"x\\ny\": 1, \"concurrent_jobs\": 9}}", 1);
  setenv(kStreamTtl, "45s\nx", 1);
  setenv(kJobTtl, "", 1);
  const AudioConfigReading reading = ReadSection("stream_ttl_seconds = 50\njob_ttl_seconds = 60\n");
  EXPECT_THAT(reading.file_errors, IsEmpty());
  EXPECT_THAT(reading.environment_errors,
              ElementsAre("AUDIO_STREAM_TTL_SECONDS: '45s x' is not a number of seconds",
                          StartsWith("AUDIO_TIER_LIMITS_JSON: free.x y: no such limit")));
  EXPECT_EQ(reading.config.LimitsOf(Tier::free).concurrent_jobs, 9U);
  EXPECT_EQ(reading.config.stream_ttl, seconds(50));
  EXPECT_EQ(reading.config.job_ttl, seconds(60));
}

TEST_F(AudioConfigTest, TheApplicationsOwnSettingsOfInihAreLeftAsTheyWere) {
  ini_max_line = 77;
  ini_allow_multiline = true;
  Good("models = a\n");
  EXPECT_EQ(ini_max_line, 77);
  EXPECT_TRUE(ini_allow_multiline);
}

TEST_F(AudioConfigTest, TiersAreKnownByTheirNames) {
  for (const Tier tier : {Tier::free, Tier::standard, Tier::premium})
    EXPECT_EQ(ParseTier(TierName(tier)), tier);
  for (const char* name : {"", "gold", "Free"}) EXPECT_EQ(ParseTier(name), std::nullopt);
}

}  // namespace
}  // namespace shmetrics::audio

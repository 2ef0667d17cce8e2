#include "agent/http/tls_follower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "agent/base/log.h"
#include "tests/support/certificate.h"
#include "tests/support/private_folder.h"

namespace shmetrics::agent {
namespace {

using shmetrics::testing::MakeCertificate;
using shmetrics::testing::PrivateFolder;
using ::testing::HasSubstr;

class TlsFollowerTest : public ::testing::Test {
 protected:
  void Renew() { MakeCertificate(files_.certificate, files_.key, "agent"); }

  TlsFollowerTest() { StartLog(LogLevel::kInfo); }

  PrivateFolder folder_;
  const TlsFiles files_{folder_ / "certificate.pem", folder_ / "key.pem"};
  TlsFollower follower_;
};

TEST_F(TlsFollowerTest, WithoutFilesThereIsNothing) { EXPECT_EQ(follower_.Current(), nullptr); }

TEST_F(TlsFollowerTest, FilesAreReadAgainWhenTheyChangeAndOnlyThen) {
  Renew();
  ASSERT_TRUE(follower_.Follow(files_).ok());
  const auto first = follower_.Current();
  EXPECT_NE(first, nullptr);
  EXPECT_EQ(follower_.Current(), first);
  Renew();
  const auto second = follower_.Current();
  EXPECT_NE(second, first);
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(follower_.Current(), second);
}

TEST_F(TlsFollowerTest, AHalfNewPairKeepsTheFormerUntilTheOtherHalfComes) {
  Renew();
  ASSERT_TRUE(follower_.Follow(files_).ok());
  const auto first = follower_.Current();
  const PrivateFolder elsewhere;
  MakeCertificate(elsewhere / "certificate.pem", elsewhere / "key.pem", "agent");
  using std::filesystem::copy_options;
  std::filesystem::copy_file(elsewhere / "certificate.pem", files_.certificate,
                             copy_options::overwrite_existing);
  EXPECT_EQ(follower_.Current(), first);
  std::filesystem::copy_file(elsewhere / "key.pem", files_.key, copy_options::overwrite_existing);
  EXPECT_NE(follower_.Current(), first);
}

TEST_F(TlsFollowerTest, ABadFileKeepsTheFormerAndIsLoggedOnce) {
  Renew();
  ASSERT_TRUE(follower_.Follow(files_).ok());
  const auto first = follower_.Current();
  ::testing::internal::CaptureStderr();
  std::ofstream(files_.certificate) << "nonsense";
  for (int i = 0; i < 3; i++) EXPECT_EQ(follower_.Current(), first);
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("the former ones stay in use"));
  EXPECT_EQ(log.find(files_.certificate), log.rfind(files_.certificate)) << log;
  std::filesystem::remove(files_.certificate);
  EXPECT_EQ(follower_.Current(), first);
}

TEST_F(TlsFollowerTest, UnusableFilesAreNamedAndTheFormerOnesStay) {
  Renew();
  ASSERT_TRUE(follower_.Follow(files_).ok());
  const auto first = follower_.Current();
  const Result<void> refused = follower_.Follow({folder_ / "none.pem", files_.key});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr(folder_ / "none.pem"));
  EXPECT_EQ(follower_.Current(), first);
}

TEST_F(TlsFollowerTest, AKeyThatEverybodyCanReadIsAWarning) {
  Renew();
  std::filesystem::permissions(files_.key, std::filesystem::perms(0644));
  ::testing::internal::CaptureStderr();
  EXPECT_TRUE(follower_.Follow(files_).ok());
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("can read the TLS key"));
}

}  // namespace
}  // namespace shmetrics::agent

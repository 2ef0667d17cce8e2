#include "agent/http/basic_auth.h"

#include <crypt.h>
#include <gtest/gtest.h>

#include <string>

namespace shmetrics::agent {
namespace {

std::string HashOf(const std::string& password, const std::string& cost = "04") {
  crypt_data work{};
  return crypt_r(password.c_str(), ("$2y$" + cost + "$abcdefghijklmnopqrstuu").c_str(), &work);
}

TEST(BasicAuthTest, NameAndPasswordAreDecoded) {
  const auto sent = DecodeBasic("Basic c2NyYXBlcjpyaWdodDpoZXJl");
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->name, "scraper");
  EXPECT_EQ(sent->password, "right:here") << "a password may have colons";
  EXPECT_EQ(DecodeBasic("basic c2NyYXBlcjpyaWdodA==")->password, "right") << "the scheme has no case";
}

TEST(BasicAuthTest, AMalformedHeaderIsNoPassword) {
  const char* const nul = "Basic c2NyYXBlcjpyaWdodAB3cm9uZw==";  // scraper:right NUL wrong
  for (const std::string authorization : {"", "Basic", "Basic ", "Basic !!!", "Basic c2NyYXBlcg==",
                                          "Bearer c2NyYXBlcjpyaWdodA==", "Basic c2NyYXBlcjpyaWdodA", nul}) {
    EXPECT_FALSE(DecodeBasic(authorization)) << authorization;
  }
  EXPECT_FALSE(DecodeBasic("Basic " + std::string(1'000'000, 'A')));
}

TEST(BasicAuthTest, APasswordIsComparedWithItsHash) {
  EXPECT_TRUE(IsHashOf("right", HashOf("right")));
  EXPECT_FALSE(IsHashOf("wrong", HashOf("right")));
  EXPECT_FALSE(IsHashOf("right", ""));
  EXPECT_FALSE(IsHashOf("right", "right"));
}

// Fault A2.
TEST(BasicAuthTest, APasswordThatBcryptWouldCutIsNeverRight) {
  const std::string most(kMaxPasswordBytes, 'a');
  EXPECT_TRUE(IsHashOf(most, HashOf(most)));
  EXPECT_FALSE(IsHashOf(most + "b", HashOf(most))) << "the hash covers 72 bytes";
  EXPECT_FALSE(IsHashOf(most + "b", HashOf(most + "b")));
}

TEST(BasicAuthTest, TheCostIsThatOfTheHash) {
  EXPECT_EQ(CostOf(HashOf("x", "04")), 4);
  EXPECT_EQ(CostOf("$2y$12" + HashOf("x").substr(6)), 12);
  EXPECT_EQ(CostOf("$2y$1"), 0);
}

TEST(BcryptHashTest, OnlyTheFormThatHtpasswdWritesIsAccepted) {
  EXPECT_TRUE(IsBcryptHash(HashOf("right")));
  const std::string tail = HashOf("right").substr(6);
  for (const std::string start : {"$2y$10", "$2b$12", "$2a$14"})
    EXPECT_TRUE(IsBcryptHash(start + tail)) << start;
  for (const std::string start : {"$2x$10", "$2y$15", "$2y$31", "$2y$03", "$2y$1:", "$1$y$10", "$6$$10"}) {
    EXPECT_FALSE(IsBcryptHash(start + tail)) << start;
  }
  EXPECT_FALSE(IsBcryptHash(""));
  EXPECT_FALSE(IsBcryptHash(HashOf("right") + "x"));
  EXPECT_FALSE(IsBcryptHash(HashOf("right").substr(1)));
  EXPECT_FALSE(IsBcryptHash(HashOf("right").substr(0, 59) + ":"));
}

}  // namespace
}  // namespace shmetrics::agent

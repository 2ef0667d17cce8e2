#include "agent/http/known_passwords.h"

#include <gtest/gtest.h>

namespace shmetrics::agent {
namespace {

TEST(KnownPasswordsTest, ARememberedPasswordIsKnownForItsUserOnly) {
  KnownPasswords known;
  const auto digest = known.DigestOf({"a", "hash"}, "right");
  EXPECT_FALSE(known.Has("a", digest));
  known.Remember("a", digest, 2);
  EXPECT_TRUE(known.Has("a", digest));
  EXPECT_FALSE(known.Has("b", digest));
  EXPECT_FALSE(known.Has("a", known.DigestOf({"a", "hash"}, "wrong")));
}

TEST(KnownPasswordsTest, AChangedHashForgetsTheFormerPassword) {
  KnownPasswords known;
  known.Remember("a", known.DigestOf({"a", "hash"}, "right"), 1);
  EXPECT_FALSE(known.Has("a", known.DigestOf({"a", "other"}, "right")));
  EXPECT_TRUE(known.Has("a", known.DigestOf({"a", "hash"}, "right"))) << "a reload that changes nothing";
}

TEST(KnownPasswordsTest, EachProcessHasAKeyOfItsOwn) {
  EXPECT_NE(KnownPasswords().DigestOf({"a", "hash"}, "right"),
            KnownPasswords().DigestOf({"a", "hash"}, "right"));
}

}  // namespace
}  // namespace shmetrics::agent

#include "client-lib/audio/user_label.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace shmetrics::audio {
namespace {

// RFC 4231, test cases 1, 2, 3 and 6, cut to 16 digits.
TEST(UserLabelTest, ItIsTheBeginningOfTheHmacSha256) {
  EXPECT_EQ(HashedUserLabel(std::string(20, '\x0b'), "Hi There"), "u_b0344c61d8db3853");
  EXPECT_EQ(HashedUserLabel("Jefe", "what do ya want for nothing?"), "u_5bdcc146bf60754e");
  EXPECT_EQ(HashedUserLabel(std::string(20, '\xaa'), std::string(50, '\xdd')), "u_773ea91e36800e46");
  EXPECT_EQ(
      HashedUserLabel(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
      "u_60e431591ee0b67f");
}

TEST(UserLabelTest, AHashedLabelIsToldFromARawId) {
  EXPECT_TRUE(IsHashedUserLabel(HashedUserLabel("Jefe", "what do ya want for nothing?")));
  for (const std::string_view raw :
       {"", "u_", "42", "alice@example.org", "u_5bdcc146bf60754", "u_5bdcc146bf60754e0", "u_5BDCC146BF60754E",
        "u_5bdcc146bf60754g", "v_5bdcc146bf60754e", "5bdcc146bf60754e12"}) {
    EXPECT_FALSE(IsHashedUserLabel(raw)) << raw;
  }
}

}  // namespace
}  // namespace shmetrics::audio

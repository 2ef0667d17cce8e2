#include "shm/base/sip_hash.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace shmetrics::shm {
namespace {

constexpr HashKey kKey{{0x0706050403020100U, 0x0F0E0D0C0B0A0908U}};

/// The alphabet, repeated.
std::string TextOf(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; i++) text[i] = static_cast<char>('a' + i % 26);
  return text;
}

// The results are those of OpenSSL:
// openssl mac -macopt hexkey:000102030405060708090a0b0c0d0e0f -macopt size:8 -macopt c-rounds:1 -macopt d-rounds:3
//   -in FILE SIPHASH
TEST(SipHashTest, HashesAsOthersDo) {
  EXPECT_EQ(SipHashOf(kKey, TextOf(0)), 0xabac0158050fc4dcU);
  EXPECT_EQ(SipHashOf(kKey, TextOf(1)), 0x1c2697ab786a6237U);
  EXPECT_EQ(SipHashOf(kKey, TextOf(2)), 0x0c149f5d943a15edU);
  EXPECT_EQ(SipHashOf(kKey, TextOf(3)), 0x6fce24e8af8146ebU);
  EXPECT_EQ(SipHashOf(kKey, TextOf(4)), 0x2b722dba445c0659U);
  EXPECT_EQ(SipHashOf(kKey, TextOf(7)), 0x639b490caba831bbU);
  EXPECT_EQ(SipHashOf(kKey, TextOf(8)), 0x12d8c08c2ee9e620U);
  EXPECT_EQ(SipHashOf(kKey, TextOf(9)), 0x7e02bfd36e3aa6a2U);
  EXPECT_EQ(SipHashOf(kKey, TextOf(15)), 0x19c1b464baa960a1U);
  EXPECT_EQ(SipHashOf(kKey, TextOf(16)), 0xa0a4466e7e02c46aU);
  EXPECT_EQ(SipHashOf(kKey, TextOf(255)), 0xa24d0ea641311668U);
}

TEST(SipHashTest, LastBytesAreThoseOfTheTextAndNoMore) {
  const std::string text = "\x01\x02\x03\x04\x05\x06\x07\xFF";
  std::uint64_t expected = 0;
  for (std::size_t count = 1; count < 8; count++) {
    expected |= std::uint64_t{count} << (8 * (count - 1));
    EXPECT_EQ(SipHash::LastBytes(text.data(), count), expected) << count;
  }
}

TEST(SipHashTest, EachBitOfTheKeyChangesTheHash) {
  const std::uint64_t hash = SipHashOf(kKey, "user-42");
  for (unsigned bit = 0; bit < 128; bit++) {
    HashKey other = kKey;
    other.words[bit / 64] ^= std::uint64_t{1} << bit % 64;
    EXPECT_NE(SipHashOf(other, "user-42"), hash) << bit;
  }
}

}  // namespace
}  // namespace shmetrics::shm

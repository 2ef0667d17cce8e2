#include "shm/series/key_hash.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace shmetrics::shm {
namespace {

/// The alphabet, repeated.
std::string TextOf(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; i++) text[i] = static_cast<char>('a' + i % 26);
  return text;
}

// Known results of XXH3, on both sides of each length at which its algorithm changes. A build with other
// results looks for its keys in other chains and shards than all other processes. So kHashFunction must
// change with them.
TEST(KeyHashTest, NamesHaveTheHashesThatAreInSegments) {
  EXPECT_EQ(HashOfName(TextOf(0)), 0x2d06800538d394c2U);
  EXPECT_EQ(HashOfName(TextOf(3)), 0x78af5f94892f3950U);
  EXPECT_EQ(HashOfName(TextOf(8)), 0x6f45a76842a96483U);
  EXPECT_EQ(HashOfName(TextOf(16)), 0x3d3ccac9af14d8a8U);
  EXPECT_EQ(HashOfName(TextOf(128)), 0x3e99edc6c76f21c6U);
  EXPECT_EQ(HashOfName(TextOf(240)), 0xea0e0f78188232edU);
  EXPECT_EQ(HashOfName(TextOf(241)), 0xbb0a906af5b5c211U);
  EXPECT_EQ(HashOfName(TextOf(2'000)), 0x9e0defe18dce29f1U);
}

TEST(KeyHashTest, ValuesHaveTheHashesThatAreInSegments) {
  const std::array<std::string_view, 2> values = {"GET", "200"};
  EXPECT_EQ(HashOfValues(0, values), 0x79b748d7ab4de7fcU);
  EXPECT_EQ(HashOfValues(7, values), 0x949484cb4f485c0bU);
  EXPECT_EQ(HashOfValues(7, {}), 7U);
  // The key of a user's leases and ledger entry is one value without a seed.
  const std::string_view user = "42";
  EXPECT_EQ(HashOfValues(0, {&user, 1}), 0x1217cb28c0ef2191U);
}

TEST(KeyHashTest, TheOrderOfValuesAndTheirEndsMatter) {
  using Two = std::array<std::string_view, 2>;
  const std::uint64_t hash = HashOfValues(0, Two{"GET", "200"});
  EXPECT_NE(HashOfValues(0, Two{"200", "GET"}), hash);
  EXPECT_NE(HashOfValues(0, Two{"GET2", "00"}), hash);
}

}  // namespace
}  // namespace shmetrics::shm

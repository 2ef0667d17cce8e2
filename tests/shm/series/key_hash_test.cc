#include "shm/series/key_hash.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace shmetrics::shm {
namespace {

constexpr HashKey kKey{{0x0706050403020100U, 0x0F0E0D0C0B0A0908U}};

// Results of another program. A build with other results looks for its keys in other chains and shards than
// all other processes. So kHashFunction must change with them.
TEST(KeyHashTest, ValuesHaveTheHashesThatAreInSegments) {
  const std::array<std::string_view, 2> values = {"GET", "200"};
  EXPECT_EQ(HashOfValues(kKey, 0, values), 0x7295d3552b1ff1feU);
  EXPECT_EQ(HashOfValues(kKey, 7, values), 0xd5682580b698588aU);
  EXPECT_EQ(HashOfValues(kKey, 7, {}), 0xb8b60015aa6d6108U);
  // The key of a user's leases and ledger entry is one value without a seed.
  const std::string_view user = "42";
  EXPECT_EQ(HashOfValues(kKey, 0, {&user, 1}), 0xcf2948dbdff54d42U);
  const std::array<std::string_view, 7> many = {"a", "bc", "", "12345678", "123456789", "xyz", "q"};
  EXPECT_EQ(HashOfValues(kKey, 1, many), 0x3746e920c95fdb3fU);
}

TEST(KeyHashTest, TheOrderOfValuesAndTheirEndsMatter) {
  using Two = std::array<std::string_view, 2>;
  const std::uint64_t hash = HashOfValues(kKey, 0, Two{"GET", "200"});
  EXPECT_NE(HashOfValues(kKey, 0, Two{"200", "GET"}), hash);
  EXPECT_NE(HashOfValues(kKey, 0, Two{"GET2", "00"}), hash);
  EXPECT_NE(HashOfValues(kKey, 0, Two{"12345678", ""}), HashOfValues(kKey, 0, Two{"", "12345678"}));
}

TEST(KeyHashTest, AnotherKeyGivesAnotherHash) {
  const std::string_view user = "42";
  const HashKey other{{kKey.words[0] + 1, kKey.words[1]}};
  EXPECT_NE(HashOfValues(kKey, 0, {&user, 1}), HashOfValues(other, 0, {&user, 1}));
  EXPECT_NE(HashOfName(kKey, "requests_total"), HashOfName(other, "requests_total"));
}

}  // namespace
}  // namespace shmetrics::shm

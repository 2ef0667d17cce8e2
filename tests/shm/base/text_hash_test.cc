#include "shm/base/text_hash.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "tests/support/child.h"

namespace shmetrics::shm {
namespace {

template <class Hash>
std::size_t LongestChain(const std::vector<std::string>& texts) {
  const std::unordered_set<std::string, Hash> set(texts.begin(), texts.end());
  std::size_t longest = 0;
  for (std::size_t i = 0; i < set.bucket_count(); i++) longest = std::max(longest, set.bucket_size(i));
  return longest;
}

// Fault L11.
TEST(TextHashTest, TextsThatMeetUnderAHashWithoutASecretLieInAsManyChainsAsOthers) {
  constexpr std::size_t kTexts = 1'000;
  std::unordered_set<std::string> sized;
  for (std::size_t i = 0; i < kTexts; i++) sized.insert(std::to_string(i));
  std::vector<std::string> chosen;
  for (int i = 0; chosen.size() < kTexts; i++) {
    std::string text = "u" + std::to_string(i);
    if (std::hash<std::string>{}(text) % sized.bucket_count() == 0) chosen.push_back(std::move(text));
  }
  EXPECT_GE(LongestChain<std::hash<std::string>>(chosen), kTexts / 2) << "they are not chosen well";
  EXPECT_LE(LongestChain<TextHash>(chosen), 32U);
}

TEST(TextHashTest, EqualTextsHaveEqualHashes) {
  EXPECT_EQ(TextHash{}("a"), TextHash{}(std::string("a")));
  EXPECT_NE(TextHash{}("a"), TextHash{}("b"));
}

TEST(ProcessHashKeyTest, AChildHasItsParents) {
  const HashKey key = ProcessHashKey();
  EXPECT_NE(key.words[0], 0U);
  EXPECT_EQ(testing::RunInChild([&] { EXPECT_EQ(ProcessHashKey().words[0], key.words[0]); }), 0);
}

}  // namespace
}  // namespace shmetrics::shm

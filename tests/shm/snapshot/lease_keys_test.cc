#include "shm/snapshot/lease_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace shmetrics::shm {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr layout::Ref kStreams = 7;

std::string BlockOfUser(const std::string& user) { return "user_id=\"" + user + '"'; }

class LeaseKeysTest : public ::testing::Test {
 protected:
  LeaseKeysTest() {
    family_.ref = kStreams;
    family_.definition.name = "streams";
    family_.label_names = {"user_id"};
  }

  LeaseKeys::Id Use(const std::string& user) { return keys_.Use(kStreams, BlockOfUser(user)); }
  /// The samples of a look in which the keys have one lease for each time that they stand in `leases`.
  std::vector<std::string> Look(const std::vector<LeaseKeys::Id>& leases) {
    keys_.BeginLook();
    for (const LeaseKeys::Id id : leases) keys_.CountLease(id);
    std::vector<SeriesSnapshot> series;
    shown_ = keys_.AppendTo(family_, &series);
    std::vector<std::string> samples;
    for (const SeriesSnapshot& one : series) {
      samples.push_back(std::string(one.name_and_labels) + ' ' +
                        std::to_string(static_cast<int>(one.number)));
    }
    return samples;
  }

  LeaseKeys keys_;
  IndexedFamily family_{};
  std::uint64_t shown_ = 0;
};

TEST_F(LeaseKeysTest, EachKeyWithLeasesIsASeriesInTheOrderOfTheBlocks) {
  const LeaseKeys::Id b = Use("b");
  const LeaseKeys::Id a = Use("a");
  EXPECT_THAT(Look({b, a, b}), ElementsAre("streams{user_id=\"a\"} 1", "streams{user_id=\"b\"} 2"));
  EXPECT_EQ(shown_, 3U);
  const LeaseKeys::Id ab = Use("ab");
  EXPECT_THAT(Look({b, ab}), ElementsAre("streams{user_id=\"ab\"} 1", "streams{user_id=\"b\"} 1"));
  EXPECT_THAT(Look({}), IsEmpty());
}

TEST_F(LeaseKeysTest, EqualKeysAreOneOfTheSameFamilyOnly) {
  EXPECT_EQ(Use("a"), Use("a"));
  EXPECT_NE(Use("a"), keys_.Use(kStreams + 1, BlockOfUser("a")));
}

TEST_F(LeaseKeysTest, ABlockThatTheFamilyCannotHaveIsLeftOut) {
  const LeaseKeys::Id other = keys_.Use(kStreams, "job=\"1\"");
  const LeaseKeys::Id nonsense = keys_.Use(kStreams, "\xff");
  const LeaseKeys::Id a = Use("a");
  EXPECT_THAT(Look({other, nonsense, a}), ElementsAre("streams{user_id=\"a\"} 1"));
  EXPECT_EQ(shown_, 1U);
  EXPECT_THAT(Look({other, nonsense, a}), ElementsAre("streams{user_id=\"a\"} 1"));
}

TEST_F(LeaseKeysTest, AFamilyWithoutLabelsHasOneKey) {
  family_.label_names.clear();
  const LeaseKeys::Id id = keys_.Use(kStreams, "");
  EXPECT_THAT(Look({id, id}), ElementsAre("streams 2"));
  EXPECT_EQ(keys_.Use(kStreams, ""), id);
}

TEST_F(LeaseKeysTest, AKeyIsForgottenAtTheLookAfterItsLastUse) {
  const LeaseKeys::Id a = Use("a");
  Use("a");
  keys_.EndUse(a);
  EXPECT_THAT(Look({a}), ElementsAre("streams{user_id=\"a\"} 1"));
  EXPECT_EQ(keys_.LeasesOf(kStreams, BlockOfUser("a")), 1U);
  keys_.EndUse(a);
  EXPECT_THAT(Look({}), IsEmpty());
  EXPECT_EQ(Use("b"), a) << "its place is used again";
  EXPECT_THAT(Look({a}), ElementsAre("streams{user_id=\"b\"} 1"));
}

TEST_F(LeaseKeysTest, KeysComeAndGoAndTheTextsOfAnOlderLookStay) {
  std::string odd(200, 'x');
  std::vector<LeaseKeys::Id> used = {Use("kept")};
  keys_.BeginLook();
  keys_.CountLease(used[0]);
  std::vector<SeriesSnapshot> series;
  keys_.AppendTo(family_, &series);
  const std::shared_ptr<const void> texts = keys_.texts();
  for (int round = 0; round < 20; round++) {
    for (int i = 0; i < 1'000; i++) used.push_back(Use(odd + std::to_string(round * 1'000 + i)));
    EXPECT_EQ(Look(used).size(), 1'001U);
    for (std::size_t i = 1; i < used.size(); i++) keys_.EndUse(used[i]);
    used.resize(1);
  }
  EXPECT_THAT(Look(used), ElementsAre("streams{user_id=\"kept\"} 1"));
  EXPECT_NE(keys_.texts(), texts) << "the memory of forgotten keys is given up";
  EXPECT_EQ(series[0].name_and_labels, "streams{user_id=\"kept\"}");
}

}  // namespace
}  // namespace shmetrics::shm

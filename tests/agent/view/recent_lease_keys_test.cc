#include "agent/view/recent_lease_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/snapshot_builder.h"
#include "tests/support/text_of.h"

namespace shmetrics::agent {
namespace {

using shm::layout::GaugeMode;
using shm::layout::MetricType;
using shmetrics::testing::SnapshotBuilder;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class RecentLeaseKeysTest : public ::testing::Test {
 protected:
  /// Shows a segment with these keys live, each with one lease.
  std::vector<std::string> Show(const std::vector<std::string>& users) {
    SnapshotBuilder builder;
    AddFamily(&builder, "streams", users);
    return Show(&builder.snapshot);
  }
  /// The lease gauges' samples, each "name{labels} value".
  std::vector<std::string> Show(shm::Snapshot* snapshot) {
    keys_.AddTo(snapshot);
    std::vector<std::string> samples;
    for (const shm::FamilySnapshot& family : snapshot->families) {
      for (const shm::SeriesSnapshot& series : family.series) {
        samples.push_back(std::string(series.name_and_labels) + ' ' +
                          std::to_string(static_cast<int>(series.number)));
      }
    }
    return samples;
  }
  static void AddFamily(SnapshotBuilder* builder, const std::string& name,
                        const std::vector<std::string>& users) {
    builder->Family(name, MetricType::kGauge, GaugeMode::kLeases);
    for (const std::string& user : users) builder->Number("u=\"" + user + '"', 1);
  }

  RecentLeaseKeys keys_;
};

TEST_F(RecentLeaseKeysTest, AKeyThatIsGoneIsShownAt0UntilItReturns) {
  EXPECT_THAT(Show({"a", "b"}), ElementsAre("streams{u=\"a\"} 1", "streams{u=\"b\"} 1"));
  for (int look = 0; look < 3; look++) {
    EXPECT_THAT(Show({"b"}), ElementsAre("streams{u=\"a\"} 0", "streams{u=\"b\"} 1"));
  }
  EXPECT_THAT(Show({"a"}), ElementsAre("streams{u=\"a\"} 1", "streams{u=\"b\"} 0"));
  EXPECT_THAT(Show(std::vector<std::string>{}), ElementsAre("streams{u=\"a\"} 0", "streams{u=\"b\"} 0"));
}

TEST_F(RecentLeaseKeysTest, AKeyNeverSeenIsNotShown) {
  EXPECT_THAT(Show(std::vector<std::string>{}), IsEmpty());
}

TEST_F(RecentLeaseKeysTest, SeriesAreInTheOrderOfTheirLabelsWhateverTheSegmentsOrder) {
  EXPECT_THAT(Show({"c", "a", "b"}),
              ElementsAre("streams{u=\"a\"} 1", "streams{u=\"b\"} 1", "streams{u=\"c\"} 1"));
  EXPECT_THAT(Show({"d", "b"}), ElementsAre("streams{u=\"a\"} 0", "streams{u=\"b\"} 1", "streams{u=\"c\"} 0",
                                            "streams{u=\"d\"} 1"));
}

TEST_F(RecentLeaseKeysTest, TheKeyGoneLongestIsForgottenFirst) {
  Show({"first", "second"});
  Show({"second"});
  std::vector<std::string> users;
  for (std::size_t i = 0; i + 2 < RecentLeaseKeys::kLimit; i++) users.push_back(std::to_string(i));
  Show(users);
  EXPECT_EQ(Show(std::vector<std::string>{}).size(), RecentLeaseKeys::kLimit)
      << "exactly as many as are kept";
  Show({"one more"});
  const std::vector<std::string> samples = Show(std::vector<std::string>{});
  EXPECT_EQ(samples.size(), RecentLeaseKeys::kLimit);
  EXPECT_THAT(samples, Not(Contains("streams{u=\"first\"} 0")));
  EXPECT_THAT(samples, Contains("streams{u=\"second\"} 0"));
}

TEST_F(RecentLeaseKeysTest, AKeyThatReturnedAndWentAgainIsTheLatest) {
  Show({"a", "b"});
  Show(std::vector<std::string>{});
  Show({"a"});
  std::vector<std::string> users;
  for (std::size_t i = 0; i + 1 < RecentLeaseKeys::kLimit; i++) users.push_back(std::to_string(i));
  Show(users);
  const std::vector<std::string> samples = Show(std::vector<std::string>{});
  EXPECT_THAT(samples, Contains("streams{u=\"a\"} 0"));
  EXPECT_THAT(samples, Not(Contains("streams{u=\"b\"} 0")));
}

TEST_F(RecentLeaseKeysTest, TheLimitIsOverAllFamiliesAndEachKeepsItsOwnKeys) {
  SnapshotBuilder live;
  AddFamily(&live, "jobs", {"a"});
  AddFamily(&live, "streams", {"a", "b"});
  Show(&live.snapshot);
  SnapshotBuilder gone;
  AddFamily(&gone, "jobs", {});
  AddFamily(&gone, "streams", {"b"});
  EXPECT_THAT(Show(&gone.snapshot),
              ElementsAre("jobs{u=\"a\"} 0", "streams{u=\"a\"} 0", "streams{u=\"b\"} 1"));
  std::vector<std::string> many(RecentLeaseKeys::kLimit);
  for (std::size_t i = 0; i < many.size(); i++) many[i] = std::to_string(i);
  SnapshotBuilder flood;
  AddFamily(&flood, "jobs", {});
  AddFamily(&flood, "streams", many);
  Show(&flood.snapshot);
  SnapshotBuilder empty;
  AddFamily(&empty, "jobs", {});
  AddFamily(&empty, "streams", {});
  const std::vector<std::string> samples = Show(&empty.snapshot);
  EXPECT_EQ(samples.size(), RecentLeaseKeys::kLimit);
  EXPECT_THAT(samples, Not(Contains("jobs{u=\"a\"} 0")));
}

TEST_F(RecentLeaseKeysTest, TheKeysOfAFamilyThatIsGoneAreForgotten) {
  Show({"a"});
  EXPECT_THAT(Show(std::vector<std::string>{}), ElementsAre("streams{u=\"a\"} 0"));
  shm::Snapshot nothing{};
  EXPECT_THAT(Show(&nothing), IsEmpty());
  EXPECT_THAT(Show(std::vector<std::string>{}), IsEmpty());
}

TEST_F(RecentLeaseKeysTest, OtherMetricsAreLeftAlone) {
  SnapshotBuilder builder;
  builder.Family("depth", MetricType::kGauge, GaugeMode::kSum).Number("q=\"b\"", 1).Number("q=\"a\"", 1);
  EXPECT_THAT(Show(&builder.snapshot), ElementsAre("depth{q=\"b\"} 1", "depth{q=\"a\"} 1"));
  SnapshotBuilder without;
  without.Family("depth", MetricType::kGauge, GaugeMode::kSum);
  EXPECT_THAT(Show(&without.snapshot), IsEmpty());
}

TEST_F(RecentLeaseKeysTest, TextsLiveAsLongAsTheSnapshotAlsoWhenTheKeyIsForgotten) {
  Show({"a key whose text is longer than a short string"});
  SnapshotBuilder builder;
  AddFamily(&builder, "streams", {});
  keys_.AddTo(&builder.snapshot);
  keys_ = {};
  const std::string text = shmetrics::testing::TextOf(builder.snapshot);
  EXPECT_THAT(text, HasSubstr("streams{u=\"a key whose text is longer than a short string\"} 0"));
}

TEST_F(RecentLeaseKeysTest, IfAllKeysOfAFullTableGoAtOnceTheLimitIsKept) {
  std::vector<std::string> users(65'536);
  for (std::size_t i = 0; i < users.size(); i++) users[i] = std::to_string(i * 2'654'435'761U);
  EXPECT_EQ(Show(users).size(), users.size());
  EXPECT_EQ(Show(users).size(), users.size());
  EXPECT_EQ(Show(std::vector<std::string>{}).size(), RecentLeaseKeys::kLimit);
}

}  // namespace
}  // namespace shmetrics::agent

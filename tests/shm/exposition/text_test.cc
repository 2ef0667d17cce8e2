#include "shm/exposition/text.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/support/snapshot_builder.h"
#include "tests/support/text_of.h"

namespace shmetrics::shm {
namespace {

using layout::GaugeMode;
using layout::MetricType;
using shmetrics::testing::SnapshotBuilder;

std::string Text(const std::vector<const Snapshot*>& snapshots, Escaping escaping = Escaping::kUnderscores) {
  std::string text;
  WriteText(ExposedFamilies(snapshots, escaping, testing::kTestAliases), &text);
  return text;
}

std::string Text(const Snapshot& snapshot) { return Text(std::vector{&snapshot}); }

TEST(TextTest, CountersAreExactIntegersEvenAbove2To53) {
  SnapshotBuilder builder;
  builder.Family("jobs_total", MetricType::kCounter);
  builder.Counter("kind=\"a\"", 9'007'199'254'740'993).Counter("kind=\"b\"", UINT64_MAX).Counter("", 0);
  EXPECT_EQ(Text(builder.snapshot),
            "# HELP jobs_total Help.\n"
            "# TYPE jobs_total counter\n"
            "jobs_total{kind=\"a\"} 9007199254740993\n"
            "jobs_total{kind=\"b\"} 18446744073709551615\n"
            "jobs_total 0\n");
}

TEST(TextTest, FractionsAreShortestRoundTripAndSpecialValuesAreSpelledForPrometheus) {
  SnapshotBuilder builder;
  builder.Family("seconds_total", MetricType::kFractionalCounter).Number("", 0.1);
  builder.Family("temperature", MetricType::kGauge, GaugeMode::kLast);
  builder.Number("at=\"a\"", std::numeric_limits<double>::quiet_NaN());
  builder.Number("at=\"b\"", std::numeric_limits<double>::infinity());
  builder.Number("at=\"c\"", -std::numeric_limits<double>::infinity());
  builder.Number("at=\"d\"", -2.2250738585072014e-308).Number("at=\"e\"", 3);
  EXPECT_EQ(Text(builder.snapshot),
            "# HELP seconds_total Help.\n"
            "# TYPE seconds_total counter\n"
            "seconds_total 0.1\n"
            "# HELP temperature Help.\n"
            "# TYPE temperature gauge\n"
            "temperature{at=\"a\"} NaN\n"
            "temperature{at=\"b\"} +Inf\n"
            "temperature{at=\"c\"} -Inf\n"
            "temperature{at=\"d\"} -2.2250738585072014e-308\n"
            "temperature{at=\"e\"} 3\n");
}

TEST(TextTest, HistogramBucketsAreCumulativeAndLeIsTheLastLabelAndAFloat) {
  SnapshotBuilder builder;
  builder.Family("latency_seconds", MetricType::kHistogram, GaugeMode::kNone, {0.005, 1, 1e6});
  builder.Histogram("method=\"GET\"", {{2, 0.004}, {3, 1.5}, {0, 0}, {1, 2e6}});
  builder.Histogram("", {{0, 0}, {0, 0}, {0, 0}, {0, 0}});
  EXPECT_EQ(Text(builder.snapshot),
            "# HELP latency_seconds Help.\n"
            "# TYPE latency_seconds histogram\n"
            "latency_seconds_bucket{method=\"GET\",le=\"0.005\"} 2\n"
            "latency_seconds_bucket{method=\"GET\",le=\"1.0\"} 5\n"
            "latency_seconds_bucket{method=\"GET\",le=\"1e+06\"} 5\n"
            "latency_seconds_bucket{method=\"GET\",le=\"+Inf\"} 6\n"
            "latency_seconds_sum{method=\"GET\"} 2.000001504e+06\n"
            "latency_seconds_count{method=\"GET\"} 6\n"
            "latency_seconds_bucket{le=\"0.005\"} 0\n"
            "latency_seconds_bucket{le=\"1.0\"} 0\n"
            "latency_seconds_bucket{le=\"1e+06\"} 0\n"
            "latency_seconds_bucket{le=\"+Inf\"} 0\n"
            "latency_seconds_sum 0\n"
            "latency_seconds_count 0\n");
}

TEST(TextTest, PerWorkerGaugesGetAWorkerLabelAtTheEnd) {
  SnapshotBuilder builder;
  builder.Family("threads", MetricType::kGauge, GaugeMode::kPerWorker);
  builder.Number("pool=\"io\"", 4, 0).Number("", 5, 17);
  EXPECT_EQ(Text(builder.snapshot),
            "# HELP threads Help.\n"
            "# TYPE threads gauge\n"
            "threads{pool=\"io\",worker=\"0\"} 4\n"
            "threads{worker=\"17\"} 5\n");
}

TEST(TextTest, HelpEscapesBackslashAndNewlineAndNothingElse) {
  SnapshotBuilder builder;
  builder.Family("a_total", MetricType::kCounter).Counter("", 1);
  builder.snapshot.families[0].help = "path C:\\x\nsaid \"so\"";
  EXPECT_EQ(Text(builder.snapshot),
            "# HELP a_total path C:\\\\x\\nsaid \"so\"\n"
            "# TYPE a_total counter\n"
            "a_total 1\n");
}

TEST(TextTest, FamiliesWithoutSeriesAndEmptyHelpAreLeftOut) {
  SnapshotBuilder builder;
  builder.Family("empty_total", MetricType::kCounter);
  builder.Family("full_total", MetricType::kCounter).Counter("", 1);
  builder.snapshot.families[1].help = {};
  EXPECT_EQ(Text(builder.snapshot), "# TYPE full_total counter\nfull_total 1\n");
}

TEST(TextTest, TextIsAppendedToWhatIsThere) {
  SnapshotBuilder builder;
  builder.Family("a_total", MetricType::kCounter).Counter("", 1);
  std::string text = "before\n";
  const Snapshot* const snapshot = &builder.snapshot;
  WriteText(ExposedFamilies({&snapshot, 1}, Escaping::kUnderscores, {}), &text);
  EXPECT_TRUE(text.starts_with("before\n# HELP a_total")) << text;
}

TEST(TextTest, LongAndManyLinesAllArriveWhole) {
  SnapshotBuilder builder;
  builder.Family("long_total", MetricType::kCounter);
  builder.snapshot.families[0].help = {};
  std::string expected = "# TYPE long_total counter\n";
  for (std::uint64_t i = 0; i < 5'000; ++i) {
    const std::string labels = "x=\"" + std::string(i % 4'000, 'y') + std::to_string(i) + '"';
    builder.Counter(labels, i);
    expected += "long_total{" + labels + "} " + std::to_string(i) + '\n';
  }
  EXPECT_TRUE(Text(builder.snapshot) == expected);
}

// Anyone who has read the source knows which series the guess at the body's length looks at.
TEST(TextTest, AFewLongLabelSetsDoNotMakeAScrapeAskForMemoryAsIfAllWereLong) {
  constexpr int kSeries = 6'400;
  SnapshotBuilder builder;
  builder.Family("c_total", MetricType::kCounter);
  for (int i = 0; i < kSeries; i++) {
    const std::string value(i % (kSeries / 64 + 1) == 0 ? 8'000 : 1, 'x');
    builder.Counter("a=\"" + std::to_string(i) + value + "\"", 1);
  }
  const std::string text = Text(builder.snapshot);
  EXPECT_LT(text.capacity(), 5 * text.size());
}

}  // namespace
}  // namespace shmetrics::shm

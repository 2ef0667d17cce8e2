#include "shm/exposition/openmetrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "tests/support/snapshot_builder.h"
#include "tests/support/text_of.h"

namespace shmetrics::shm {
namespace {

using layout::GaugeMode;
using layout::MetricType;
using shmetrics::testing::SnapshotBuilder;
using shmetrics::testing::TextOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::string OpenMetrics(const SnapshotBuilder& builder, bool with_created = false) {
  return TextOf(builder.snapshot, {Format::kOpenMetrics100, Escaping::kUnderscores}, with_created);
}

TEST(OpenMetricsTest, EveryTypeIsWrittenAsTheStandardHasIt) {
  SnapshotBuilder builder;
  builder.Family("build_info", MetricType::kGauge, GaugeMode::kInfo).Number("version=\"1\"", 1);
  builder.Family("cost_euros_total", MetricType::kFractionalCounter).Number("", 0.25);
  builder.snapshot.families.back().unit = "euros";
  builder.Family("jobs_total", MetricType::kCounter).Counter("kind=\"a\"", 9'007'199'254'740'993);
  builder.Family("latency_seconds", MetricType::kHistogram, GaugeMode::kNone, {0.5, 1});
  builder.Histogram("m=\"GET\"", {{2, 0.5}, {3, 2}, {0, 0}});
  builder.Family("threads", MetricType::kGauge, GaugeMode::kPerWorker).Number("", 5, 17);
  EXPECT_EQ(OpenMetrics(builder),
            "# TYPE build info\n"
            "# HELP build Help.\n"
            "build_info{version=\"1\"} 1\n"
            "# TYPE cost_euros counter\n"
            "# UNIT cost_euros euros\n"
            "# HELP cost_euros Help.\n"
            "cost_euros_total 0.25\n"
            "# TYPE jobs counter\n"
            "# HELP jobs Help.\n"
            "jobs_total{kind=\"a\"} 9007199254740993\n"
            "# TYPE latency_seconds histogram\n"
            "# HELP latency_seconds Help.\n"
            "latency_seconds_bucket{m=\"GET\",le=\"0.5\"} 2\n"
            "latency_seconds_bucket{m=\"GET\",le=\"1.0\"} 5\n"
            "latency_seconds_bucket{m=\"GET\",le=\"+Inf\"} 5\n"
            "latency_seconds_sum{m=\"GET\"} 2.5\n"
            "latency_seconds_count{m=\"GET\"} 5\n"
            "# TYPE threads gauge\n"
            "# HELP threads Help.\n"
            "threads{worker=\"17\"} 5\n"
            "# EOF\n");
}

TEST(OpenMetricsTest, NothingToShowIsStillComplete) { EXPECT_EQ(OpenMetrics({}), "# EOF\n"); }

TEST(OpenMetricsTest, HelpEscapesQuotesToo) {
  SnapshotBuilder builder;
  builder.Family("a", MetricType::kGauge).Number("", 1);
  builder.snapshot.families[0].help = "C:\\x\nsaid \"so\"";
  EXPECT_THAT(OpenMetrics(builder), HasSubstr("# HELP a C:\\\\x\\nsaid \\\"so\\\"\n"));
}

TEST(OpenMetricsTest, AUnitThatTheNameDoesNotEndInIsLeftOut) {
  SnapshotBuilder builder;
  builder.Family("latency_ms", MetricType::kGauge).Number("", 1);
  builder.snapshot.families[0].unit = "seconds";
  EXPECT_THAT(OpenMetrics(builder), Not(HasSubstr("# UNIT")));
  builder.snapshot.families[0].unit = "s";
  EXPECT_THAT(OpenMetrics(builder), Not(HasSubstr("# UNIT"))) << "the suffix begins with an underscore";
  builder.snapshot.families[0].unit = "ms";
  EXPECT_THAT(OpenMetrics(builder), HasSubstr("# UNIT latency_ms ms\n"));
}

TEST(OpenMetricsTest, WhatACounterMayNotHoldIsOfUnknownTypeAndAllThere) {
  for (const double bad : {kNan, -0.5, -std::numeric_limits<double>::infinity()}) {
    SnapshotBuilder builder;
    builder.Family("cost_total", MetricType::kFractionalCounter).Number("a=\"1\"", 2).Number("a=\"2\"", bad);
    EXPECT_THAT(OpenMetrics(builder), HasSubstr("# TYPE cost_total unknown\n# HELP cost_total Help.\n"
                                                "cost_total{a=\"1\"} 2\ncost_total{a=\"2\"} "));
  }
  SnapshotBuilder builder;
  builder.Family("no_suffix", MetricType::kCounter).Counter("", 3);
  EXPECT_EQ(OpenMetrics(builder), "# TYPE no_suffix unknown\n# HELP no_suffix Help.\nno_suffix 3\n# EOF\n");
}

TEST(OpenMetricsTest, AHistogramWhoseSumIsNoCounterIsThreeUnknownFamilies) {
  SnapshotBuilder builder;
  builder.Family("t_celsius", MetricType::kHistogram, GaugeMode::kNone, {-1});
  builder.snapshot.families[0].unit = "celsius";
  builder.Histogram("a=\"1\"", {{1, -2}, {1, 5}}).Histogram("a=\"2\"", {{0, 0}, {0, 0}});
  EXPECT_EQ(OpenMetrics(builder),
            "# TYPE t_celsius_bucket unknown\n"
            "# HELP t_celsius_bucket Help.\n"
            "t_celsius_bucket{a=\"1\",le=\"-1.0\"} 1\n"
            "t_celsius_bucket{a=\"1\",le=\"+Inf\"} 2\n"
            "t_celsius_bucket{a=\"2\",le=\"-1.0\"} 0\n"
            "t_celsius_bucket{a=\"2\",le=\"+Inf\"} 0\n"
            "# TYPE t_celsius_sum unknown\n"
            "# HELP t_celsius_sum Help.\n"
            "t_celsius_sum{a=\"1\"} 3\n"
            "t_celsius_sum{a=\"2\"} 0\n"
            "# TYPE t_celsius_count unknown\n"
            "# HELP t_celsius_count Help.\n"
            "t_celsius_count{a=\"1\"} 2\n"
            "t_celsius_count{a=\"2\"} 0\n"
            "# EOF\n");
  for (const double sum : {kNan, -1.0}) {
    SnapshotBuilder other;
    other.Family("h", MetricType::kHistogram, GaugeMode::kNone, {1}).Histogram("", {{1, sum}, {0, 0}});
    EXPECT_THAT(OpenMetrics(other), HasSubstr("# TYPE h_sum unknown\n")) << sum;
  }
}

TEST(OpenMetricsTest, AnInfoFamilyThatCannotBeOneIsAGauge) {
  SnapshotBuilder nameless;
  nameless.Family("_info", MetricType::kGauge, GaugeMode::kInfo).Number("", 1);
  nameless.Family("version", MetricType::kGauge, GaugeMode::kInfo).Number("", 1);
  nameless.Family("x_info", MetricType::kGauge, GaugeMode::kInfo).Number("", 2);
  for (const char* name : {"_info", "version", "x_info"}) {
    EXPECT_THAT(OpenMetrics(nameless), HasSubstr("# TYPE " + std::string(name) + " gauge\n"));
  }
}

TEST(OpenMetricsTest, ExemplarsStandBehindBucketsAndTotals) {
  SnapshotBuilder builder;
  builder.Family("jobs_total", MetricType::kCounter).Counter("", 3);
  builder.Exemplar(0, "trace_id=\"a\\\"b\"", 1, 1'738'367'999'123'456'789);
  builder.Family("latency", MetricType::kHistogram, GaugeMode::kNone, {0.5, 1});
  builder.Histogram("m=\"GET\"", {{2, 0.5}, {3, 2}, {0, 0}});
  builder.Exemplar(0, "", 0.25, 0).Exemplar(2, "trace_id=\"z\"", 7, 1'000'000'000);
  const std::string text = OpenMetrics(builder);
  EXPECT_THAT(text, HasSubstr("jobs_total 3 # {trace_id=\"a\\\"b\"} 1 1738367999.123\n"));
  EXPECT_THAT(text, HasSubstr("latency_bucket{m=\"GET\",le=\"0.5\"} 2 # {} 0.25\n"
                              "latency_bucket{m=\"GET\",le=\"1.0\"} 5\n"
                              "latency_bucket{m=\"GET\",le=\"+Inf\"} 5 # {trace_id=\"z\"} 7 1.000\n"));
  EXPECT_THAT(TextOf(builder.snapshot), Not(HasSubstr("trace_id"))) << "in 0.0.4 they end the scrape";
  EXPECT_THAT(TextOf(builder.snapshot, {Format::kText100, Escaping::kAllowUtf8}), Not(HasSubstr(" # ")));
}

TEST(OpenMetricsTest, ExemplarsThatAParserRefusesAreLeftOut) {
  const std::string wide(124, 'v');
  for (const auto& [exemplar, is_shown] :
       {std::pair{ExemplarSnapshot{0, "id=\"" + wide + "12\"", 1, 1}, true},
        {{0, "id=\"" + wide + "123\"", 1, 1}, false},
        {{0, "i=\"" + wide + "\xf0\x9f\x8e\xa7\\\"\\\\\"", 1, 1}, true},
        {{0, "i=\"" + wide + "\xf0\x9f\x8e\xa7\\\"\\\\!\"", 1, 1}, false},
        {{0, "id=\"x\"", kNan, 1}, false},
        {{0, "id=\"x\"", 1, -1}, false}}) {
    SnapshotBuilder builder;
    builder.Family("jobs_total", MetricType::kFractionalCounter)
        .Number("", 3)
        .Exemplar(exemplar.bucket, exemplar.labels, exemplar.value, exemplar.unix_ns);
    const std::string text = OpenMetrics(builder);
    EXPECT_EQ(text.find(" # {") != std::string::npos, is_shown) << text;
    EXPECT_THAT(text, HasSubstr("jobs_total 3"));
    EXPECT_THAT(text, EndsWith("\n# EOF\n"));
  }
}

TEST(OpenMetricsTest, WhoseCreationTimeWouldBearTheNameOfAnotherFamilyIsUnknown) {
  SnapshotBuilder builder;
  builder.Family("jobs_created", MetricType::kGauge).Number("", 1);
  builder.Family("jobs_total", MetricType::kCounter).Counter("", 3);
  builder.Family("latency", MetricType::kHistogram, GaugeMode::kNone, {1}).Histogram("", {{1, 1}, {0, 0}});
  builder.Family("latency_created_total", MetricType::kCounter).Counter("", 3);
  const std::string text = OpenMetrics(builder, true);
  EXPECT_THAT(text, HasSubstr("# TYPE jobs_total unknown\n"));
  EXPECT_THAT(text, HasSubstr("jobs_total 3\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE latency_count unknown\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE latency_created counter\n"));
}

TEST(OpenMetricsTest, CreationTimesAreShownToThoseWhoAsk) {
  SnapshotBuilder builder;
  builder.Family("bytes_total", MetricType::kCounter).Counter("a=\"1\"", 3).Counter("a=\"2\"", 4);
  builder.snapshot.families.back().series[0].created_unix_ns = 1'738'367'999'001'000'000;
  builder.Family("latency", MetricType::kHistogram, GaugeMode::kNone, {1}).Histogram("", {{1, 1}, {0, 0}});
  builder.snapshot.families.back().series[0].created_unix_ns = 3'000'000'000;
  EXPECT_THAT(OpenMetrics(builder), Not(HasSubstr("_created{")));
  EXPECT_THAT(OpenMetrics(builder), Not(HasSubstr("latency_created")));
  const std::string text = OpenMetrics(builder, true);
  EXPECT_THAT(text, HasSubstr("bytes_total{a=\"1\"} 3\nbytes_created{a=\"1\"} 1738367999.001\n"
                              "bytes_total{a=\"2\"} 4\n# TYPE"));
  EXPECT_THAT(text, HasSubstr("latency_count 1\nlatency_created 3.000\n"));
  EXPECT_THAT(TextOf(builder.snapshot, {}, true), Not(HasSubstr("latency_created")));
}

}  // namespace
}  // namespace shmetrics::shm

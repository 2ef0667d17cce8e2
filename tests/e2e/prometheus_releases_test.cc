// Real Prometheus releases, each started once, scrape every format they can ask for. Then they are asked what
// they saw.

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/http_client.h"
#include "tests/support/program.h"
#include "tests/support/prometheus.h"
#include "tests/support/rich_registry.h"

namespace shmetrics {
namespace {

using nlohmann::json;
using testing::Agent;
using testing::Prometheus;

struct Job {
  std::string name;
  std::string settings;       ///< a line of YAML each, indented by four
  std::string streams_alias;  ///< the name of audio.streaming.active there; empty if it has none
};

struct Release {
  std::string name;
  std::string suite;  ///< the Debian suite; empty: the installed release
  std::vector<Job> jobs;
};

const Job kTextJob = {"text", "    scrape_protocols: [PrometheusText0.0.4]\n", ""};
const std::vector<Release> kReleases = {
    {"Of2023", "", {{"negotiated", "", ""}}},
    {"Of2024", "trixie", {{"negotiated", "", ""}, kTextJob}},
    {"Of2025",
     "sid",
     {{"negotiated", "", "audio.streaming.active"},
      kTextJob,
      {"text100", "    scrape_protocols: [PrometheusText1.0.0]\n", "audio.streaming.active"},
      {"legacy", "    metric_name_validation_scheme: legacy\n    metric_name_escaping_scheme: underscores\n",
       ""},
      {"dots", "    metric_name_escaping_scheme: dots\n", "audio_dot_streaming_dot_active"},
      {"values", "    metric_name_escaping_scheme: values\n", "U__audio_2e_streaming_2e_active"}}}};

std::string Text(const json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

/// The labels of a series as both sides show them: Prometheus drops labels with an empty value.
std::string Key(const std::string& name, const json& labels) {
  json kept = json::object();
  for (const auto& [label, value] : labels.items()) {
    if (value != "" && label != "job" && label != "instance" && label != "__name__") kept[label] = value;
  }
  return name + kept.dump();
}

/// All samples of our own JSON, by series.
std::map<std::string, std::string> SamplesOf(const json& map) {
  std::map<std::string, std::string> samples;
  for (const auto& [name, family] : map.items()) {
    if (family.contains("alias_of")) continue;
    for (const json& series : family["series"]) {
      if (family["type"] != "histogram") {
        samples[Key(name, series["labels"])] = Text(series["value"]);
        continue;
      }
      samples[Key(name + "_sum", series["labels"])] = Text(series["sum"]);
      samples[Key(name + "_count", series["labels"])] = Text(series["count"]);
      for (const json& bucket : series["buckets"]) {
        json labels = series["labels"];
        labels["le"] = bucket["le"];
        samples[Key(name + "_bucket", labels)] = Text(bucket["count"]);
      }
    }
  }
  return samples;
}

class PrometheusReleasesTest : public testing::RichRegistryFixture,
                               public ::testing::WithParamInterface<Release> {
 protected:
  std::string Config() const {
    std::string config = "global: {scrape_interval: 1s}\nscrape_configs:\n";
    std::vector<Job> jobs = GetParam().jobs;
    jobs.push_back({"named", "    params: {'name[]': [jobs_total]}\n", ""});
    for (const Job& job : jobs) {
      config.append("  - job_name: ").append(job.name).append("\n").append(job.settings);
      config.append("    static_configs: [{targets: ['127.0.0.1:")
          .append(std::to_string(agent_.port()))
          .append("']}]\n");
    }
    return config;
  }

  /// Compares what `job` scraped with the agent's JSON.
  void CompareWithJson(const Prometheus& prometheus, const std::string& job) {
    std::map<std::string, std::string> seen;
    for (const json& series : prometheus.Query("{job=\"" + job + "\"}")) {
      const json& labels = series["metric"];
      seen[Key(labels["__name__"], labels)] = series["value"][1];
    }
    const auto expected = SamplesOf(json::parse(testing::Get(agent_.port(), "/api/v1/metrics").body));
    EXPECT_GT(expected.size(), testing::HostileValues().size() + 20);
    for (const auto& [series, value] : expected) {
      ASSERT_TRUE(seen.contains(series)) << series << " is not there";
      const double number = std::strtod(seen[series].c_str(), nullptr);
      const double ours = std::strtod(value.c_str(), nullptr);
      EXPECT_TRUE(number == ours || (std::isnan(number) && std::isnan(ours)))
          << series << " is " << seen[series] << ", not " << value;
    }
    EXPECT_EQ(prometheus.Query("evil{job=\"" + job + "\"}"), json::array());
  }

  Agent agent_{SHMETRICS_AGENT, segment_};
};

TEST_P(PrometheusReleasesTest, IngestsEverySeriesOfEveryFormatUnchanged) {
  std::string program = "prometheus";
  if (!GetParam().suite.empty()) {
    const testing::Ended found =
        testing::RunProgram({SHMETRICS_SOURCE_DIR "/tests/support/newer-prometheus", GetParam().suite});
    if (found.code != 0) GTEST_SKIP() << "not tested against a newer Prometheus: " << found.errors;
    program = found.output.substr(0, found.output.find('\n')) + "/prometheus";
  }
  const Prometheus prometheus(Config(), program);
  const double jobs = static_cast<double>(GetParam().jobs.size()) + 1;
  testing::WaitUntil([&] { return prometheus.Value("count(up)") == jobs; });
  ASSERT_EQ(prometheus.Value("sum(up)"), jobs) << prometheus.Ask("/api/v1/targets").dump(1);

  for (const Job& job : GetParam().jobs) {
    SCOPED_TRACE(job.name);
    CompareWithJson(prometheus, job.name);
    const json dotted = prometheus.Query("{__name__=~\".*audio.+streaming.+active\",user_id=\"1\",job=\"" +
                                         job.name + "\",__name__!=\"audio_streaming_active\"}");
    ASSERT_EQ(dotted.size(), job.streams_alias.empty() ? 0U : 1U) << dotted;
    if (dotted.empty()) continue;
    EXPECT_EQ(dotted[0]["metric"]["__name__"], job.streams_alias);
    EXPECT_EQ(dotted[0]["value"][1], "3");
  }
  const std::map<std::string, double> traces =
      prometheus.Exemplars("latency_seconds_bucket{job=\"negotiated\"}", "trace_id");
  EXPECT_EQ(traces, (std::map<std::string, double>{{"4bf9", 0.25}, {"🎧", 2e6}}));
  EXPECT_EQ(prometheus.Query("count by(__name__) ({job=\"named\",__name__!~\"up|scrape_.*\"})").size(), 1U);
  EXPECT_EQ(prometheus.Ask("/api/v1/metadata?metric=temperature_celsius")["temperature_celsius"][0]["help"],
            testing::kHostileHelp);
  EXPECT_NE(testing::Get(prometheus.port(), "/metrics")
                .body.find("\nprometheus_target_scrapes_sample_duplicate_timestamp_total 0\n"),
            std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Releases, PrometheusReleasesTest, ::testing::ValuesIn(kReleases),
                         [](const auto& release) { return release.param.name; });

}  // namespace
}  // namespace shmetrics

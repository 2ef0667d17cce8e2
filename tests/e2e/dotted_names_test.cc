// Checks the advice of scripts/deploy/dotted-names.md for users of Prometheus 2 with a real one.

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>

#include "shmetrics/shmetrics.h"
#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/program.h"
#include "tests/support/prometheus.h"
#include "tests/support/registry_fixture.h"

namespace shmetrics {
namespace {

using testing::Agent;
using testing::Prometheus;
using testing::WaitUntil;

/// The YAML block of the guide.
std::string RelabellingOfTheGuide() {
  std::ostringstream text;
  text << std::ifstream(SHMETRICS_SOURCE_DIR "/scripts/deploy/dotted-names.md").rdbuf();
  const std::string guide = text.str();
  const std::string fence = "```yaml\n";
  const std::size_t begin = guide.find(fence) + fence.size();
  return guide.substr(begin, guide.find("```", begin) - begin);
}

class DottedNamesTest : public testing::RegistryFixture {
 protected:
  DottedNamesTest() {
    Registry& registry = Open();
    registry.gauge({.name = "audio_streaming_active", .labels = {"user_id"}}).with({"1"}).set(3);
    registry.gauge({.name = "audio_jobs_active", .labels = {"user_id"}}).with({"1"}).set(2);
    registry.counter({.name = "audio_quota_violations_total", .labels = {"type"}})
        .with({"daily_minutes"})
        .inc(7);
  }
  std::string Config(const std::string& relabelling) const {
    return "global: {scrape_interval: 1s}\n"
           "scrape_configs:\n"
           "  - job_name: dots\n"
           "    static_configs: [{targets: ['127.0.0.1:" +
           std::to_string(agent_.port()) + "']}]\n" + relabelling;
  }

  Agent agent_{SHMETRICS_AGENT, segment_};
};

TEST_F(DottedNamesTest, AMatchFindsThemAndTheLabelOfTheGuideHasThem) {
  const Prometheus prometheus(Config(RelabellingOfTheGuide()));
  WaitUntil([&] { return prometheus.Value("up").has_value(); });
  EXPECT_EQ(prometheus.Value("up"), 1.0) << prometheus.Ask("/api/v1/targets").dump();
  for (const auto& [name, value] : {std::pair{"audio.streaming.active", 3.0},
                                    {"audio.jobs.active", 2.0},
                                    {"audio.quota_violations_total", 7.0}}) {
    EXPECT_EQ(prometheus.Value("sum({__name__=~\"" + std::string(name) + "\"})"), value);
    EXPECT_EQ(prometheus.Value("sum({dotted_name=\"" + std::string(name) + "\"})"), value);
    EXPECT_EQ(prometheus.Query("{__name__=\"" + std::string(name) + "\"}"), nlohmann::json::array());
  }
  EXPECT_EQ(prometheus.Value("count({dotted_name!=\"\"})"), 3.0);
}

TEST_F(DottedNamesTest, RelabellingTheNameEndsTheScrape) {
  const Prometheus prometheus(
      Config("    metric_relabel_configs:\n"
             "      - {source_labels: [__name__], regex: audio_streaming_active,\n"
             "         target_label: __name__, replacement: audio.streaming.active}\n"));
  WaitUntil([&] { return prometheus.Value("up").has_value(); });
  EXPECT_EQ(prometheus.Value("up"), 0.0) << "the guide says that this Prometheus cannot";
  EXPECT_EQ(prometheus.Query("audio_jobs_active"), nlohmann::json::array());
}

TEST_F(DottedNamesTest, ARecordingRuleCannotHaveOne) {
  const std::string rules = folder_ + "/rules.yml";
  std::ofstream(rules) << "groups:\n- name: dots\n  rules:\n"
                          "  - {record: audio.streaming.active, expr: audio_streaming_active}\n";
  const testing::Ended checked = testing::RunProgram({"promtool", "check", "rules", rules});
  EXPECT_NE(checked.code, 0);
  EXPECT_NE(checked.errors.find("invalid recording rule name"), std::string::npos) << checked.errors;
}

}  // namespace
}  // namespace shmetrics

// Sends every expression for users, from the source document, the rules and the dashboard, to a real
// Prometheus. It scrapes a real agent with the shipped configuration. The results must be what the workers
// know.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "shm/snapshot/snapshot.h"
#include "shmetrics/shmetrics.h"
#include "tests/e2e/audio_work.h"
#include "tests/e2e/deploy_folder.h"
#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/expected_series.h"
#include "tests/support/prometheus.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using nlohmann::json;
using testing::Agent;
using testing::AskForWhatIsRefused;
using testing::Child;
using testing::Exactly;
using testing::ExpectedSeries;
using testing::kConflicts;
using testing::kDeploy;
using testing::kShortLived;
using testing::kTooManySeries;
using testing::kWork;
using testing::kWorkers;
using testing::Labels;
using testing::Mismatch;
using testing::Prometheus;
using testing::Range;
using testing::ReadFile;
using testing::RunWorker;
using testing::SharedPage;
using testing::WaitUntil;
using testing::With;
using testing::Work;

const std::string kSeedStreams = R"(sum({__name__="audio_streaming_active"}))";
const std::string kSeedStreamsByUser = R"(sum by(user_id) ({__name__="audio_streaming_active"}))";
const std::string kSeedJobs = R"(sum({__name__="audio_jobs_active"}))";
const std::string kSeedViolations =
    R"(sum by(type) (rate({__name__="audio_quota_violations_total"}[5m])) * 60)";
const std::string kSeedAlert =
    R"(sum(rate({__name__="audio_quota_violations_total", type="daily_minutes"}[15m])) > 0)";
const std::string kSeedBar = R"(sum by(type) (rate({__name__="audio_quota_violations_total"}[5m])))";
const std::string kNoType = R"( or on() label_replace(vector(0), "type", "none", "", ""))";

/// The agent may go on showing users whose streams have ended, at 0.
constexpr bool kKeptAtZero = true;

void Replace(std::string* text, const std::string& from, const std::string& to) {
  const std::size_t at = text->find(from);
  ASSERT_NE(at, std::string::npos) << from;
  text->replace(at, from.size(), to);
}

/// The shipped configuration, changed to scrape this agent every second.
std::string ShippedConfig(const Agent& agent) {
  std::string config = ReadFile(kDeploy + "prometheus.yml");
  Replace(&config, "localhost:8000", "127.0.0.1:" + std::to_string(agent.port()));
  Replace(&config, "scrape_interval: 15s", "scrape_interval: 1s");
  Replace(&config, "- shmetrics.rules.yml", "- " + kDeploy + "shmetrics.rules.yml");
  return "global: {evaluation_interval: 1s}\n" + config;
}

struct Stage {
  std::atomic<int> ready, done;
  std::atomic<bool> go;
};

class DeployTest : public testing::RegistryFixture {
 protected:
  Child StartWorker(const Work& work) {
    return Child([this, &work] {
      Registry& registry = Open();
      const auto activities = RunWorker(registry, work, [this] {
        ++stage_->ready;
        WaitUntil([this] { return stage_->go.load(); });
      });
      if (&work == kWork.data()) AskForWhatIsRefused(registry);
      ++stage_->done;
      while (true) pause();
    });
  }

  void ExpectQuery(const std::string& query, const ExpectedSeries& expected) const {
    EXPECT_EQ(Mismatch(prometheus_.Query(query), expected), "") << query;
  }
  /// For rules, which Prometheus evaluates only periodically.
  void WaitForQuery(const std::string& query, const ExpectedSeries& expected) const {
    WaitUntil([&] { return Mismatch(prometheus_.Query(query), expected).empty(); });
  }
  double ValueOf(const std::string& query) const { return prometheus_.Value(query).value_or(-1); }

  /// The loaded rules of Prometheus: their queries by name.
  std::map<std::string, std::string> Rules() const {
    std::map<std::string, std::string> rules;
    const json answer = prometheus_.Ask("/api/v1/rules");
    for (const json& group : answer["groups"]) {
      for (const json& rule : group["rules"]) rules[rule["name"]] = rule["query"];
    }
    return rules;
  }

  static std::set<std::string> DashboardExpressions() {
    std::set<std::string> expressions;
    const json dashboard = json::parse(ReadFile(kDeploy + "grafana-dashboard.json"));
    for (const json& panel : dashboard["panels"]) {
      for (const json& target : panel.value("targets", json::array())) expressions.insert(target["expr"]);
    }
    return expressions;
  }

  /// The allowed range of increase(), or of rate() times its seconds, for a counter that has grown by `low`
  /// to `high`. Both add, at each end, at most 1.1 times the mean distance of the samples.
  Range Grown(double low, double high, double scale = 1) const {
    return {low * scale * (1 - 1e-9), high * scale * (1 + 2.2 / (samples_ - 1))};
  }
  Range Rate(double grown, double seconds) const { return Grown(grown, grown, 1 / seconds); }

  std::map<std::string, ExpectedSeries> ExpectedOfSeed() const {
    return {
        {kSeedStreams, {{{{}, Exactly(9)}}}},
        {kSeedStreamsByUser,
         {{{{{"user_id", "1"}}, Exactly(3)},
           {{{"user_id", "2"}}, Exactly(1)},
           {{{"user_id", "4"}}, Exactly(5)}},
          kKeptAtZero}},
        {kSeedJobs, {{{{}, Exactly(5)}}}},
        {kSeedViolations, Violations({}, 5)},
        {kSeedAlert, {{{{}, Rate(17, 900)}}}},
        {kSeedBar, Violations({}, 300)},
    };
  }

  /// The violations by type, as rates over `seconds`. For a rate times 60 give 5, not the 300 seconds of the
  /// window.
  ExpectedSeries Violations(const Labels& more, double seconds) const {
    return {{{With(more, "type", "daily_minutes"), Rate(17, seconds)},
             {With(more, "type", "concurrent_streams"), Rate(5, seconds)},
             {With(more, "type", "concurrent_jobs"), Exactly(0)}}};
  }

  std::map<std::string, ExpectedSeries> ExpectedOfDashboard() const {
    auto expected = ExpectedOfSeed();
    const shm::SegmentSnapshot segment = Read().snapshot().segment;
    const Range starts = Grown(kShortLived, kShortLived + kWorkers);
    return {
        {kSeedStreams + " or vector(0)", expected[kSeedStreams]},
        {kSeedJobs + " or vector(0)", expected[kSeedJobs]},
        {kSeedStreamsByUser, expected[kSeedStreamsByUser]},
        {kSeedBar + kNoType, expected[kSeedBar]},
        {kSeedViolations + kNoType, expected[kSeedViolations]},
        {"sum(shmetrics_up) or vector(0)", {{{{}, Exactly(1)}}}},
        {"sum(shmetrics_workers{state=\"alive\"}) or vector(0)", {{{{}, Exactly(3)}}}},
        {"shmetrics_segment_committed_bytes / shmetrics_segment_limit_bytes",
         {{{host_, Exactly(double(segment.committed_bytes) / double(segment.bytes))}}}},
        {"shmetrics_series / shmetrics_series_limit",
         {{{host_, Exactly(double(segment.series_count) / segment.series_limit)}}}},
        {"sum by(job, instance) (shmetrics_workers{state=\"alive\"}) / on(job, instance) "
         "shmetrics_worker_slots",
         {{{host_, Exactly(3.0 / segment.slot_count)}}}},
        {"sum by(state) (shmetrics_workers)",
         {{{{{"state", "alive"}}, Exactly(3)}, {{{"state", "dead"}}, Exactly(1)}}}},
        {"sum(increase(shmetrics_worker_starts_total[5m])) or vector(0)", {{{{}, starts}}}},
        {"sum by(how) (increase(shmetrics_worker_exits_total[5m]))",
         {{{{{"how", "ended"}}, Exactly(0)},
           {{{"how", "exec"}}, Exactly(0)},
           {{{"how", "unknown"}}, Grown(kShortLived, kShortLived)}}}},
        {"sum(increase(shmetrics_worker_losses_total[5m])) or vector(0)",
         {{{{}, Grown(kShortLived, kShortLived)}}}},
        {"sum by(reason) (increase(shmetrics_refusals_total[5m]))", Refusals({}, 1)},
        {"shmetrics_leases / shmetrics_lease_limit",
         {{{host_, Exactly(double(segment.leases) / segment.lease_limit)}}}},
        {"max by(job, instance) (shmetrics_family_series) / on(job, instance) shmetrics_family_series_limit",
         {{{host_, Exactly(LargestFamily())}}}},
        {"rate(shmetrics_scrape_duration_seconds_sum[5m]) / "
         "rate(shmetrics_scrape_duration_seconds_count[5m])",
         {{{host_, Range{1e-6, 3600}}}}},
    };
  }

  /// The used part of its limit, for the family with the most series: a full family, plus the overflow
  /// series.
  double LargestFamily() const {
    std::uint64_t largest = 0;
    const testing::SegmentReading reading = Read();
    for (const shm::FamilySnapshot& family : reading.snapshot().families)
      largest = std::max(largest, family.registered_series);
    return double(largest) / reading.snapshot().segment.family_series_limit;
  }

  ExpectedSeries Refusals(const Labels& more, double seconds) const {
    return {{{With(more, "reason", "conflict"), Rate(kConflicts, seconds)},
             {With(more, "reason", "series_limit"), Rate(kTooManySeries, seconds)}},
            true};
  }

  std::map<std::string, ExpectedSeries> ExpectedOfRecordings() const {
    const shm::SegmentSnapshot segment = Read().snapshot().segment;
    const auto user = [this](const char* id) { return With(job_, "user_id", id); };
    return {
        {"job:audio_streaming_active:sum", {{{job_, Exactly(9)}}}},
        {"job_user_id:audio_streaming_active:sum",
         {{{user("1"), Exactly(3)}, {user("2"), Exactly(1)}, {user("4"), Exactly(5)}}, kKeptAtZero}},
        {"job:audio_jobs_active:sum", {{{job_, Exactly(5)}}}},
        {"job_user_id:audio_jobs_active:sum",
         {{{user("1"), Exactly(1)}, {user("3"), Exactly(4)}}, kKeptAtZero}},
        {"job_type:audio_quota_violations:rate5m", Violations(job_, 300)},
        {"job:shmetrics_workers_alive:sum", {{{job_, Exactly(3)}}}},
        {"instance:shmetrics_segment_committed:ratio",
         {{{host_, Exactly(double(segment.committed_bytes) / double(segment.bytes))}}}},
        {"instance:shmetrics_series:ratio",
         {{{host_, Exactly(double(segment.series_count) / segment.series_limit)}}}},
        {"instance_reason:shmetrics_refusals:rate5m", Refusals(host_, 300)},
    };
  }

  std::map<std::string, ExpectedSeries> ExpectedOfAlerts() const {
    return {
        {"AudioDailyMinutesViolations", {{{job_, Rate(17, 900)}}}},
        {"AudioConcurrentStreamsViolations", {{{job_, Rate(5, 900)}}}},
        {"AudioConcurrentJobsViolations", {}},
        {"ShmetricsAgentDown", {}},
        {"ShmetricsNoSegment", {}},
        {"ShmetricsAlmostFull", {}},
        {"ShmetricsLimitNear", {{{With(host_, "what", "series of one family"), Exactly(LargestFamily())}}}},
        {"ShmetricsConfigReloadFailed", {}},
        {"ShmetricsLedgerNotSaved", {}},
        {"ShmetricsPasswordsTurnedAway", {}},
        {"ShmetricsScrapeSlow", {}},
        {"ShmetricsOverflow", {{{With(host_, "reason", "series_limit"), Rate(kTooManySeries, 1)}}}},
        {"ShmetricsDamaged", {}},
        {"ShmetricsRefusals", {{{With(host_, "reason", "conflict"), Rate(kConflicts, 1)}}}},
        {"ShmetricsWorkersDying", {{{host_, Grown(kShortLived, kShortLived)}}}},
        {"ShmetricsNoWorkers", {}},
    };
  }

  Agent agent_{SHMETRICS_AGENT, segment_};
  Prometheus prometheus_{ShippedConfig(agent_)};
  SharedPage<Stage> stage_;
  double samples_ = 2;
  const Labels job_ = {{"job", "tldw_server"}};
  const Labels host_ = With(job_, "instance", "127.0.0.1:" + std::to_string(agent_.port()));
};

TEST_F(DeployTest, EveryExpressionReturnsWhatTheWorkersKnow) {
  const std::string streams_panel = kSeedStreams + " or vector(0)";
  const std::string jobs_panel = kSeedJobs + " or vector(0)";
  const std::map<std::string, std::string> rules = Rules();

  // Without a worker: 0, not "No data".
  WaitUntil([&] { return ValueOf("up{job=\"tldw_server\"}") == 1; });
  EXPECT_EQ(ValueOf(streams_panel), 0);
  EXPECT_EQ(ValueOf(jobs_panel), 0);
  ExpectQuery(kSeedStreamsByUser, {});
  ExpectQuery(kSeedBar + kNoType, {{{{{"type", "none"}}, Exactly(0)}}});
  ExpectQuery(rules.at("ShmetricsNoSegment"), {{{host_, Exactly(0)}}});

  std::vector<Child> workers;
  for (const Work& work : kWork) workers.push_back(StartWorker(work));
  WaitUntil([&] { return ValueOf("count(audio_quota_violations_total == 0)") == 3; });
  EXPECT_EQ(ValueOf(streams_panel), 0);
  WaitForQuery("job:audio_streaming_active:sum", {{{job_, Exactly(0)}}});
  WaitUntil([&] { return stage_->ready == kWorkers; });
  stage_->go = true;
  WaitUntil([&] { return stage_->done == kWorkers; });
  for (int i = 0; i < kShortLived; i++) {
    EXPECT_EQ(testing::RunInChild([this] { Open().gauge({.name = "short_lived"}).set(1); }), 0);
  }
  WaitUntil([&] {
    return ValueOf("shmetrics_worker_starts_total") == kWorkers + kShortLived &&
           ValueOf("shmetrics_worker_losses_total") == kShortLived &&
           ValueOf("sum(shmetrics_workers{state=\"alive\"})") == kWorkers &&
           ValueOf("min(count_over_time(audio_quota_violations_total[5m]))") >= 6;
  });
  samples_ = ValueOf("min(count_over_time(audio_quota_violations_total[5m]))");

  for (const auto& [query, expected] : ExpectedOfSeed()) ExpectQuery(query, expected);
  const auto of_dashboard = ExpectedOfDashboard();
  for (const auto& [query, expected] : of_dashboard) ExpectQuery(query, expected);
  for (const std::string& query : DashboardExpressions()) EXPECT_TRUE(of_dashboard.contains(query)) << query;
  EXPECT_EQ(DashboardExpressions().size(), of_dashboard.size());

  const auto of_recordings = ExpectedOfRecordings();
  const auto of_alerts = ExpectedOfAlerts();
  for (const auto& [name, expected] : of_recordings) {
    ExpectQuery(rules.at(name), expected);
    WaitForQuery(name, expected);
  }
  for (const auto& [name, expected] : of_alerts) ExpectQuery(rules.at(name), expected);
  EXPECT_EQ(rules.size(), of_recordings.size() + of_alerts.size()) << "a rule that this test does not know";

  // The streams of a killed worker are gone; its counts stay.
  workers[2].Kill();
  WaitUntil([&] { return ValueOf(kSeedStreams) == 4; });
  ExpectQuery(kSeedStreamsByUser,
              {{{{{"user_id", "1"}}, Exactly(3)}, {{{"user_id", "2"}}, Exactly(1)}}, kKeptAtZero});
  EXPECT_EQ(ValueOf("sum(audio_quota_violations_total)"), 22);

  // Idle again.
  workers.clear();
  WaitUntil([&] { return ValueOf(streams_panel) == 0; });
  EXPECT_EQ(ValueOf(jobs_panel), 0);
  ExpectQuery(kSeedStreamsByUser, {{}, kKeptAtZero});
  ExpectQuery(rules.at("ShmetricsNoWorkers"), {{{host_, Exactly(0)}}});

  agent_.process().Signal(SIGTERM);
  WaitForQuery(rules.at("ShmetricsAgentDown"), {{{host_, Exactly(0)}}});
  EXPECT_EQ(ValueOf(streams_panel), 0);
}

}  // namespace
}  // namespace shmetrics

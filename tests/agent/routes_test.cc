#include "agent/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/history/history_sampler.h"
#include "agent/view/bus_guard.h"
#include "client-lib/audio/definitions.h"
#include "shmetrics/shmetrics.h"
#include "tests/agent/view/segment_writer.h"

namespace shmetrics::agent {
namespace {

using nlohmann::json;
using shmetrics::testing::SegmentWriter;
using shmetrics::testing::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

constexpr std::array<Route, 13> kTable = {{{"/", "", &Routes::Page, "*"},
                                           {"/metrics", "", &Routes::Metrics, "name[] created"},
                                           {"/map", "", &Routes::MetricsMap, "name[]"},
                                           {"/document", "", &Routes::MetricsDocument, "name[]"},
                                           {"/workers", "", &Routes::Workers},
                                           {"/status", "", &Routes::StreamStatus},
                                           {"/limits", "", &Routes::StreamLimits, "user_id"},
                                           {"/segment", "", &Routes::Status},
                                           {"/families", "", &Routes::Families, "name[] top"},
                                           {"/history", "", &Routes::PastValues, "name[] top"},
                                           {"/series", "", &Routes::Series, "search name[] top"},
                                           {"/healthy", "", &Routes::Healthy, "*"},
                                           {"/ready", "", &Routes::Ready, "*"}}};

class RoutesTest : public ::testing::Test {
 protected:
  RoutesTest() { BusGuard::Install(); }

  HttpResponse Get(std::string_view path) { return routes_.Handle({path, {}}); }
  HttpResponse GetNamed(std::string_view path, std::string_view name) {
    return routes_.Handle({path, {{"name[]", name}}});
  }
  HttpResponse LimitsOf(std::string_view user_id) {
    return routes_.Handle({"/limits", {{"user_id", user_id}}});
  }
  void CutOff() {
    Get("/metrics");
    std::filesystem::resize_file(path_, 4096);
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_ / "segment";
  CurrentView view_{path_};
  const audio::AudioConfig audio_{};
  Routes routes_{kTable, &view_, &audio_};
};

TEST_F(RoutesTest, WorkersMetricsComeBeforeTheAgentsOwn) {
  SegmentWriter(path_).Count("jobs_total", 3);
  const HttpResponse answer = Get("/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
  EXPECT_THAT(answer.body, HasSubstr("# TYPE jobs_total counter\njobs_total 3\n# HELP shmetrics_up"));
  EXPECT_THAT(answer.body, HasSubstr("\nshmetrics_up 1\n"));
}

TEST_F(RoutesTest, EachScrapeIsCounted) {
  const std::string series = "\nshmetrics_scrapes_total{format=\"text_0.0.4\",code=\"200\"} ";
  EXPECT_THAT(Get("/metrics").body, HasSubstr(series + "0\n"));
  Get("/map");
  EXPECT_THAT(Get("/metrics").body, HasSubstr(series + "1\n"));
  SegmentWriter(path_).Count("jobs_total", 3);
  CutOff();
  EXPECT_EQ(Get("/metrics").status, 503);
  std::filesystem::remove(path_);
  SegmentWriter(path_).Count("jobs_total", 3);
  EXPECT_THAT(Get("/metrics").body,
              HasSubstr("\nshmetrics_scrapes_total{format=\"text_0.0.4\",code=\"503\"} 1\n"));
}

TEST_F(RoutesTest, AScrapeNegotiatesOnceAndNothingElseDoes) {
  std::vector<std::string> negotiated;
  Routes routes(kTable, &view_, &audio_, {}, [&](std::string_view accept) {
    negotiated.emplace_back(accept);
    return shm::Exposition{shm::Format::kOpenMetrics100, shm::Escaping::kUnderscores};
  });
  const HttpResponse answer = routes.Handle({"/metrics", {}, "text/plain"});
  EXPECT_THAT(negotiated, ElementsAre("text/plain"));
  EXPECT_THAT(answer.content_type, HasSubstr("application/openmetrics-text; version=1.0.0"));
  EXPECT_THAT(answer.body, EndsWith("# EOF\n"));
  for (const char* path : {"/map", "/status", "/ready", "/", "/page/main.js", "/absent"}) {
    routes.Handle({path, {}, "text/plain"});
  }
  EXPECT_EQ(negotiated.size(), 1U);
  EXPECT_THAT(routes.Handle({"/metrics", {}}).body,
              HasSubstr("\nshmetrics_scrapes_total{format=\"openmetrics_1.0.0\",code=\"200\"} 1\n"));
}

TEST_F(RoutesTest, NamesSelectFamiliesOfTheWorkersAndOfTheAgent) {
  SegmentWriter writer(path_);
  writer.Count("jobs_total", 3);
  writer.Count("other_total", 4);
  EXPECT_EQ(GetNamed("/metrics", "jobs_total").body,
            "# HELP jobs_total Help.\n# TYPE jobs_total counter\njobs_total 3\n");
  EXPECT_THAT(GetNamed("/metrics", "shmetrics_up").body,
              EndsWith("# TYPE shmetrics_up gauge\nshmetrics_up 1\n"));
  EXPECT_EQ(GetNamed("/metrics", "no_such").body, "");
  for (const char* path : {"/map", "/document"}) {
    EXPECT_THAT(GetNamed(path, "jobs_total").body, HasSubstr("jobs_total")) << path;
    EXPECT_THAT(GetNamed(path, "jobs_total").body, Not(HasSubstr("other_total"))) << path;
    EXPECT_THAT(Get(path).body, HasSubstr("other_total")) << "a filter is for one answer only";
  }
  EXPECT_EQ(GetNamed("/map", "no_such").body, "{}");
}

TEST_F(RoutesTest, JsonIsAMapOrTheMapWithTheTime) {
  SegmentWriter(path_).Count("jobs_total", 3);
  const HttpResponse map = Get("/map");
  EXPECT_EQ(map.content_type, "application/json");
  EXPECT_EQ(json::parse(map.body)["jobs_total"]["series"][0]["value"], 3);
  const json document = json::parse(Get("/document").body);
  EXPECT_EQ(document["metrics"], json::parse(map.body));
  EXPECT_THAT(document["timestamp"].get<std::string>(), MatchesRegex("....-..-..T..:..:..[.]...Z"));
}

TEST_F(RoutesTest, WithoutASegmentEveryAnswerButReadyIs200) {
  EXPECT_EQ(Get("/metrics").status, 200);
  EXPECT_THAT(Get("/metrics").body, HasSubstr("\nshmetrics_up 0\n"));
  EXPECT_EQ(Get("/map").body, "{}");
  EXPECT_EQ(json::parse(Get("/document").body)["metrics"], json::object());
  EXPECT_EQ(json::parse(Get("/workers").body)["workers"], json::array());
  EXPECT_EQ(json::parse(Get("/status").body)["status"], "unavailable");
  EXPECT_EQ(json::parse(Get("/segment").body)["state"], "waiting");
  EXPECT_EQ(json::parse(Get("/families").body)["families"], json::array());
  EXPECT_EQ(LimitsOf("42").status, 200);
  EXPECT_EQ(Get("/").status, 200);
  EXPECT_EQ(Get("/healthy").status, 200);
  EXPECT_EQ(Get("/ready").status, 503);
  EXPECT_EQ(Get("/ready").body, "waiting for a worker to create segment " + path_ + "\n");
}

TEST_F(RoutesTest, WithASegmentTheAgentIsReady) {
  SegmentWriter(path_).Count("jobs_total", 3);
  EXPECT_EQ(Get("/ready").status, 200);
  EXPECT_EQ(json::parse(Get("/segment").body)["state"], "attached");
}

// Fault 23.
TEST_F(RoutesTest, ACorruptSegmentIsA503) {
  SegmentWriter(path_).Count("jobs_total", 3);
  CutOff();
  for (const char* path : {"/metrics", "/map", "/document", "/workers", "/status", "/families", "/ready"}) {
    EXPECT_EQ(Get(path).status, 503) << path;
    EXPECT_THAT(Get(path).body, HasSubstr("cut off")) << path;
  }
  EXPECT_EQ(Get("/healthy").status, 200);
  EXPECT_EQ(Get("/").status, 200);
  EXPECT_EQ(json::parse(Get("/segment").body)["state"], "corrupt");
}

TEST_F(RoutesTest, LimitsNeedAUserId) {
  EXPECT_EQ(json::parse(LimitsOf("\xc3\xa4").body)["user_id"], "\xc3\xa4");
  EXPECT_EQ(LimitsOf(std::string(audio::kMaxUserIdBytes, 'x')).status, 200);
  const std::string too_long(audio::kMaxUserIdBytes + 1, 'x');
  EXPECT_THAT(LimitsOf(too_long).body, HasSubstr("at most 256 bytes"));
  for (const std::string& bad : {std::string(), too_long, std::string("\xff"), std::string("\xc3")}) {
    const HttpResponse answer = LimitsOf(bad);
    EXPECT_EQ(answer.status, 400) << bad;
    EXPECT_EQ(answer.content_type, "application/json");
    EXPECT_THAT(json::parse(answer.body)["detail"].get<std::string>(), HasSubstr("user_id"));
  }
  EXPECT_EQ(Get("/limits").status, 400);
}

TEST_F(RoutesTest, LimitsGoByTheLedgerOfTheSegment) {
  SegmentWriter(path_).SetTier("42", 2);
  EXPECT_EQ(json::parse(LimitsOf("42").body)["tier"], "standard");
  EXPECT_EQ(json::parse(LimitsOf("43").body)["tier"], "free");
}

TEST_F(RoutesTest, NewAudioDefinitionsCountFromTheNextAnswer) {
  audio::AudioConfig other;
  other.limits[0].concurrent_streams = 77;
  routes_.SetAudio(&other);
  EXPECT_EQ(json::parse(LimitsOf("42").body)["limits"]["concurrent_streams"], 77);
}

TEST_F(RoutesTest, TheAgentsCostsCanBeLeftOut) {
  Routes routes(kTable, &view_, &audio_, {.exporter_metrics = false});
  const std::string body = routes.Handle({"/metrics", {}}).body;
  EXPECT_THAT(body, HasSubstr("shmetrics_up"));
  EXPECT_THAT(body, HasSubstr("shmetrics_build_info"));
  EXPECT_THAT(body, HasSubstr("shmetrics_config_last_reload_successful"));
  EXPECT_THAT(body, Not(HasSubstr("process_")));
  EXPECT_THAT(body, Not(HasSubstr("shmetrics_scrape")));
  EXPECT_THAT(body, Not(HasSubstr("shmetrics_http")));
}

TEST_F(RoutesTest, AKeyThatIsGoneIsShownAt0InEveryFormat) {
  const LeaseGaugeFamily streams =
      Registry::open({.segment = path_})
          .lease_gauge({.name = "audio_streaming_active", .labels = {"user_id"}});
  Result<Lease> lease = streams.try_acquire({"42"});
  ASSERT_TRUE(lease.ok()) << lease.error().message;
  EXPECT_THAT(Get("/metrics").body, HasSubstr("\naudio_streaming_active{user_id=\"42\"} 1\n"));
  lease->release();
  EXPECT_THAT(Get("/metrics").body, HasSubstr("\naudio_streaming_active{user_id=\"42\"} 0\n"));
  EXPECT_EQ(json::parse(Get("/map").body)["audio.streaming.active"]["series"][0]["value"], 0);
  EXPECT_EQ(json::parse(Get("/status").body)["load"]["users_streaming"], 0);
  EXPECT_THAT(Get("/metrics").body, Not(HasSubstr("audio.streaming"))) << "a dotted name breaks the scrape";
}

TEST_F(RoutesTest, PathsAreMatchedWhole) {
  for (const char* path : {"/metrics/", "/metric", "/Metrics", "//", ""}) {
    EXPECT_EQ(Get(path).status, 404) << path;
  }
}

TEST_F(RoutesTest, FamiliesAreListedAndNamedOnesShowTheirLargestSeries) {
  SegmentWriter writer(path_);
  writer.Count("jobs_total", 3);
  writer.Count("streams_total", 4);
  const auto families = [this](std::vector<std::pair<std::string_view, std::string_view>> parameters) {
    return routes_.Handle({"/families", std::move(parameters)});
  };
  EXPECT_EQ(json::parse(families({}).body)["families"].size(), 2U);
  const json named = json::parse(families({{"name[]", "jobs_total"}, {"name[]", "absent"}}).body)["families"];
  ASSERT_EQ(named.size(), 1U);
  EXPECT_EQ(named[0]["top"][0]["value"], 3);
  EXPECT_EQ(json::parse(families({{"name[]", "jobs_total"}, {"top", "0"}}).body)["families"][0]["top"].size(),
            0U);
  for (const char* bad : {"", "-1", "101", "1x", "99999999999999999999"}) {
    EXPECT_EQ(families({{"top", bad}}).status, 400) << bad;
  }
}

// Fault P2.
TEST_F(RoutesTest, OneSeriesIsFoundByWordsAndANonsenseSearchIsRefusedInWords) {
  SegmentWriter writer(path_);
  writer.Count("jobs_total", 3);
  writer.Count("streams_total", 4);
  const auto search = [this](std::string_view text, std::string_view top = "10", std::string_view name = "") {
    std::vector<std::pair<std::string_view, std::string_view>> parameters = {{"search", text}, {"top", top}};
    if (!name.empty()) parameters.emplace_back("name[]", name);
    return routes_.Handle({"/series", std::move(parameters)});
  };
  const json found = json::parse(search("JOBS").body);
  EXPECT_EQ(found["matches"], 1);
  EXPECT_EQ(found["series"][0]["value"], 3);
  EXPECT_EQ(json::parse(search("total", "1").body)["series"].size(), 1U);
  EXPECT_EQ(json::parse(search("total", "10", "streams_total").body)["series"][0]["name"], "streams_total");
  const std::string too_long(257, 'a');
  for (const std::string_view bad : {std::string_view(""), std::string_view(" "), std::string_view("\xFF"),
                                     std::string_view(too_long), std::string_view("a b c d e f g h i")}) {
    EXPECT_EQ(search(bad).status, 400) << bad;
    EXPECT_THAT(json::parse(search(bad).body)["detail"], Not(::testing::IsEmpty()));
  }
  EXPECT_EQ(Get("/series").status, 400);
  for (const char* top : {"", "-1", "101", "1x"}) EXPECT_EQ(search("a", top).status, 400) << top;
  for (const char* odd : {"</script>", "{\"}", "%00", "\\", "'; --", "\r\n"}) {
    EXPECT_EQ(json::parse(search(odd).body)["matches"], 0) << odd;
  }
  CutOff();
  EXPECT_EQ(search("jobs").status, 503);
}

// Fault P2.
TEST_F(RoutesTest, ThePastIsShownAlsoWhenTheSegmentIsDamaged) {
  SegmentWriter(path_).Count("jobs_total", 3);
  HistorySampler sampler(&view_, &routes_.history());
  sampler.Run();
  const auto past = [this](std::vector<std::pair<std::string_view, std::string_view>> parameters = {}) {
    return routes_.Handle({"/history", std::move(parameters)});
  };
  EXPECT_EQ(json::parse(past().body)["families"].size(), 3U) << "with the refusals and skipped records";
  const json jobs = json::parse(past({{"name[]", "jobs_total"}, {"top", "4000"}}).body);
  EXPECT_EQ(jobs["families"][0]["total"], json::array({3}));
  EXPECT_EQ(jobs["times"].size(), 1U);
  EXPECT_EQ(json::parse(past({{"name[]", "absent"}}).body)["families"], json::array());
  for (const char* top : {"", "-1", "4001", "1x"}) EXPECT_EQ(past({{"top", top}}).status, 400) << top;
  CutOff();
  HistorySampler(&view_, &routes_.history()).Run();
  EXPECT_EQ(json::parse(past({{"name[]", "jobs_total"}}).body)["families"][0]["total"],
            json::parse("[3, null]"));
}

TEST_F(RoutesTest, ThePageLinksToEveryRouteAndMayLoadNothingFromElsewhere) {
  const HttpResponse page = Get("/");
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  for (const Route& route : kTable) {
    EXPECT_THAT(page.body, HasSubstr("href=\"." + std::string(route.path) + '"'));
  }
  for (const HttpResponse& answer : {page, Get("/page/main.js")}) {
    EXPECT_EQ(answer.status, 200);
    ASSERT_FALSE(answer.headers.empty());
    EXPECT_EQ(answer.headers[0].first, "Content-Security-Policy");
    EXPECT_THAT(answer.headers[0].second, HasSubstr("default-src 'none'"));
    EXPECT_THAT(answer.headers[0].second, Not(HasSubstr("unsafe")));
    EXPECT_THAT(answer.headers[0].second, Not(HasSubstr("*")));
  }
}

// Fault A13.
TEST_F(RoutesTest, AParameterThatARouteDoesNotHaveIsRefusedByName) {
  const HttpResponse text = routes_.Handle({"/metrics", {{"name[]", "a"}, {"name", "a"}}});
  EXPECT_EQ(text.status, 400);
  EXPECT_EQ(text.body, "There is no parameter 'name' here; there are: name[] created.\n");
  const HttpResponse in_json = routes_.Handle({"/workers", {{"user_id", "1"}}});
  EXPECT_EQ(in_json.status, 400);
  EXPECT_THAT(in_json.body, HasSubstr("There is no parameter 'user_id' here; there is none."));
  for (const std::string& name : {std::string(), std::string("name[] created"), std::string("top"),
                                  std::string(65, 'x'), std::string("\xff")}) {
    EXPECT_EQ(routes_.Handle({"/metrics", {{name, "1"}}}).status, 400) << name;
  }
  EXPECT_EQ(routes_.Handle({"/healthy", {{"probe", "1"}}}).status, 200);
}

// Fault A13.
TEST_F(RoutesTest, AHeadMakesNoBodyOfNumbersAndHasTheSameStatus) {
  SegmentWriter(path_).Count("jobs_total", 3);
  for (const char* path : {"/metrics", "/map", "/document", "/workers", "/status", "/families"}) {
    const HttpResponse head = routes_.Handle({.path = path, .is_head = true});
    EXPECT_EQ(head.status, 200) << path;
    EXPECT_FALSE(head.has_body) << path;
    EXPECT_EQ(head.body, "") << path;
    EXPECT_EQ(head.headers, Get(path).headers) << path;
  }
  EXPECT_EQ(routes_.Handle({.path = "/limits", .is_head = true}).status, 400);
  CutOff();
  EXPECT_EQ(routes_.Handle({.path = "/metrics", .is_head = true}).status, 503);
}

}  // namespace
}  // namespace shmetrics::agent

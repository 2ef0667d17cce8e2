// Reads every format and scheme with parsers of other projects, and with our own, which finds what they miss.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/agent.h"
#include "tests/support/exposition_parser.h"
#include "tests/support/http_client.h"
#include "tests/support/program.h"
#include "tests/support/rich_registry.h"

namespace shmetrics {
namespace {

using testing::Agent;
using testing::Ended;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::ParsedExposition;
using ::testing::StartsWith;

const std::string kHost = "Host: localhost\r\n";

struct Format {
  std::string accept;
  std::string content_type;
  std::string streams_alias;  ///< the name of audio.streaming.active; empty if it has none
  enum class Oracle { kPromtool, kPython, kNone } oracle;
};

std::vector<Format> Formats() {
  std::vector<Format> formats = {
      {"", "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", "", Format::Oracle::kPromtool},
      {"application/openmetrics-text;version=0.0.1",
       "application/openmetrics-text; version=0.0.1; charset=utf-8; escaping=underscores", "",
       Format::Oracle::kPython}};
  const std::string om = "application/openmetrics-text";
  for (const auto& [scheme, alias] : {std::pair<std::string, std::string>{"underscores", ""},
                                      {"dots", "audio_dot_streaming_dot_active"},
                                      {"values", "U__audio_2e_streaming_2e_active"},
                                      {"allow-utf-8", "audio.streaming.active"}}) {
    const std::string asked = ";version=1.0.0;escaping=" + scheme;
    const std::string given = "; version=1.0.0; charset=utf-8; escaping=" + scheme;
    const bool is_quoted = scheme == "allow-utf-8";  // which Debian 12's parsers do not know
    formats.push_back({"text/plain" + asked, "text/plain" + given, alias,
                       is_quoted ? Format::Oracle::kNone : Format::Oracle::kPromtool});
    formats.push_back(
        {om + asked, om + given, alias, is_quoted ? Format::Oracle::kNone : Format::Oracle::kPython});
  }
  return formats;
}

/// The number of samples that Python's OpenMetrics parser finds. Uses Debian's Python: another one in $PATH
/// lacks the package.
Ended AskPython(const std::string& text) {
  return testing::RunProgram(
      {"/usr/bin/python3", "-c",
       "import sys\n"
       "from prometheus_client.openmetrics.parser import text_string_to_metric_families\n"
       "text = sys.stdin.buffer.read().decode()\n"
       "print(sum(len(f.samples) for f in text_string_to_metric_families(text)))\n"},
      text);
}

/// The workers' series under their own names. Every format must have them.
std::set<std::string> SeriesOfTheWorkers(const ParsedExposition& parsed) {
  std::set<std::string> series;
  for (const auto& sample : parsed.samples) {
    const std::string& name = sample.name;
    const bool is_alias = name.find("audio.") == 0 || name.find("audio_dot_") == 0 || name.find("U__") == 0;
    const bool is_own = name.starts_with("shmetrics_") || name.starts_with("process_");
    if (!is_alias && !is_own) series.insert(testing::SeriesOf(sample));
  }
  return series;
}

class ExpositionTest : public testing::RichRegistryFixture {
 protected:
  Agent agent_{SHMETRICS_AGENT, segment_};
};

TEST_F(ExpositionTest, EveryFormatSatisfiesItsParserAndHasEverySeriesOnce) {
  const auto expected = SeriesOfTheWorkers(testing::ParseExposition(agent_.Get().text()));
  EXPECT_GT(expected.size(), testing::HostileValues().size() + 20);
  for (const Format& format : Formats()) {
    SCOPED_TRACE(format.accept);
    const testing::HttpAnswer answer =
        testing::GetWith(agent_.port(), "/metrics", kHost + ("Accept: " + format.accept + "\r\n"));
    EXPECT_EQ(answer.headers.at("content-type"), format.content_type);
    EXPECT_EQ(answer.headers.at("vary"), "Accept, Accept-Encoding");
    EXPECT_EQ(answer.headers.at("content-length"), std::to_string(answer.body.size()));
    const ParsedExposition parsed = testing::ParseExposition(answer.body);
    EXPECT_THAT(parsed.complaints, IsEmpty());
    EXPECT_EQ(SeriesOfTheWorkers(parsed), expected);
    const bool has_alias = std::ranges::any_of(
        parsed.samples, [&](const auto& sample) { return sample.name == format.streams_alias; });
    EXPECT_EQ(has_alias, !format.streams_alias.empty());
    if (format.oracle == Format::Oracle::kPromtool) {
      const Ended promtool = testing::RunProgram({"promtool", "check", "metrics"}, answer.body);
      EXPECT_NE(promtool.code, 1) << promtool.errors;  // 3: it objects to a name or misses a help text
    }
    if (format.oracle == Format::Oracle::kPython) {
      const Ended python = AskPython(answer.body);
      EXPECT_EQ(python.code, 0) << python.errors;
      EXPECT_EQ(python.output, std::to_string(parsed.samples.size()) + "\n");
    }
  }
}

TEST_F(ExpositionTest, CreationTimesAreForClientsThatAskAndPythonAcceptsThem) {
  const std::string accept = kHost + "Accept: application/openmetrics-text\r\n";
  const std::string text = testing::GetWith(agent_.port(), "/metrics?created=true", accept).body;
  EXPECT_THAT(text, HasSubstr("\nlatency_seconds_created{method=\"GET\"} "));
  EXPECT_THAT(text, HasSubstr("\njobs_created{kind=\"a\"} "));
  EXPECT_THAT(testing::ParseExposition(text).complaints, IsEmpty());
  EXPECT_EQ(AskPython(text).errors, "");
}

TEST_F(ExpositionTest, TheParsersCanRefuse) {
  EXPECT_NE(AskPython("a 1\n").code, 0);
  for (const char* bad : {"# TYPE a gauge\na{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 1\n", "a 1\n",
                          "# TYPE a gauge\na{x=\"\\D\"} 1\n", "# TYPE a gauge\na 1"}) {
    EXPECT_EQ(testing::ParseExposition(bad).complaints.size(), 1U) << bad;
  }
}

TEST_F(ExpositionTest, GzipAndHeadTellTheSame) {
  const std::string gzip = kHost + "Accept-Encoding: gzip\r\n";
  const testing::HttpAnswer plain = testing::Get(agent_.port(), "/metrics?name[]=hostile_total");
  const testing::HttpAnswer packed =
      testing::GetWith(agent_.port(), "/metrics?name%5B%5D=hostile_total", gzip);
  EXPECT_EQ(packed.headers.at("content-encoding"), "gzip");
  EXPECT_EQ(packed.headers.at("content-length"), std::to_string(packed.body.size()));
  EXPECT_TRUE(testing::RunProgram({"gzip", "-dc"}, packed.body).output == plain.body);
  EXPECT_THAT(plain.body, StartsWith("# HELP hostile_total"));
  // The agent does not write the numbers for a HEAD, so it does not know what only they tell.
  const std::string head = testing::SendRaw(
      agent_.port(), "HEAD /metrics?name[]=hostile_total HTTP/1.1\r\n" + gzip + "Connection: close\r\n\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(head, HasSubstr("Content-Type: " + packed.headers.at("content-type") + "\r\n"));
  EXPECT_THAT(head, HasSubstr("Vary: " + packed.headers.at("vary") + "\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("Content-Length")));
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
}

}  // namespace
}  // namespace shmetrics

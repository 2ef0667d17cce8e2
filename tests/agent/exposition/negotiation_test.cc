#include "agent/exposition/negotiation.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace shmetrics::agent {
namespace {

using shm::Escaping;
using shm::Exposition;
using shm::Format;
using shm::FormatName;

constexpr Exposition kPlain{Format::kText004, Escaping::kUnderscores};
constexpr Exposition kOpenMetrics{Format::kOpenMetrics100, Escaping::kUnderscores};

struct Case {
  std::string accept;
  Exposition exposition;
};

std::string Repeated(const std::string& text, int times) {
  std::string repeated;
  for (int i = 0; i < times; ++i) repeated += text;
  return repeated;
}

const std::string kProtobuf =
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

/// The headers of real clients, letter by letter.
const std::vector<Case> kClients = {
    // Prometheus 2.42, also the Datadog agent; then with native histograms
    {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
     "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
     kOpenMetrics},
    {kProtobuf + ",application/openmetrics-text;version=1.0.0;q=0.8,"
                 "application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
     kOpenMetrics},
    // 2.53; then with native histograms or created timestamps
    {"application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
     "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
     kOpenMetrics},
    {kProtobuf + ";q=0.5,application/openmetrics-text;version=1.0.0;q=0.4,"
                 "application/openmetrics-text;version=0.0.1;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
     kOpenMetrics},
    // 2.55 with utf8-names and 3.0 to 3.2: the parameter behind every clause, and twice behind one
    {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
     "application/openmetrics-text;version=0.0.1;escaping=allow-utf-8;q=0.5,"
     "text/plain;version=1.0.0;escaping=allow-utf-8;escaping=allow-utf-8;q=0.4,"
     "text/plain;version=0.0.4;escaping=allow-utf-8;q=0.3,*/*;q=0.2",
     {Format::kOpenMetrics100, Escaping::kAllowUtf8}},
    {"text/plain;version=1.0.0;escaping=allow-utf-8;escaping=allow-utf-8;q=0.6,"
     "text/plain;version=0.0.4;escaping=allow-utf-8;q=0.5,*/*;q=0.4",
     {Format::kText100, Escaping::kAllowUtf8}},
    {"text/plain;version=0.0.4;escaping=allow-utf-8;q=0.6,*/*;q=0.5", kPlain},
    // 3.5 and 3.14; with native histograms; with each scheme
    {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
     "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
     "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
     {Format::kOpenMetrics100, Escaping::kAllowUtf8}},
    {kProtobuf +
         ";q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
         "application/openmetrics-text;version=0.0.1;q=0.4,"
         "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
     {Format::kOpenMetrics100, Escaping::kAllowUtf8}},
    {"application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.6,"
     "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=underscores;q=0.4,"
     "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
     kOpenMetrics},
    {"application/openmetrics-text;version=1.0.0;escaping=dots;q=0.6,"
     "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=dots;q=0.4,"
     "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
     {Format::kOpenMetrics100, Escaping::kDots}},
    {"application/openmetrics-text;version=1.0.0;escaping=values;q=0.6,"
     "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=values;q=0.4,"
     "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
     {Format::kOpenMetrics100, Escaping::kValues}},
    // 3.5 with scrape_protocols of one's own
    {kProtobuf + ";q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.4", kPlain},
    {"text/plain;version=1.0.0;escaping=dots;q=0.6,*/*;q=0.5", {Format::kText100, Escaping::kDots}},
    {"application/openmetrics-text;version=0.0.1;q=0.6,*/*;q=0.5",
     {Format::kOpenMetrics001, Escaping::kUnderscores}},
    // VictoriaMetrics; Telegraf, prom2json and categraf; curl; a browser; nobody in particular
    {"text/plain;version=0.0.4;q=1,*/*;q=0.1", kPlain},
    {kProtobuf + ";q=0.7,text/plain;version=0.0.4;q=0.3", kPlain},
    {kProtobuf + ";q=0.7,text/plain;version=0.0.4;q=0.3,*/*;q=0.1", kPlain},
    {"*/*", kPlain},
    {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8", kPlain},
    {"", kPlain},
};

/// Headers that RFC 9110 allows.
const std::vector<Case> kShapes = {
    {"application/openmetrics-text", kOpenMetrics},
    {"APPLICATION/OpenMetrics-Text; VERSION=1.0.0; Q=0.5", kOpenMetrics},
    {"\tapplication/openmetrics-text \t;\t version=1.0.0 ; q=0.9 , text/plain;q=0.8", kOpenMetrics},
    {R"(application/openmetrics-text;version="1.0.0";escaping="dots")",
     {Format::kOpenMetrics100, Escaping::kDots}},
    {R"(application/openmetrics-text;version="1\.0.0")", kOpenMetrics},
    {R"(x/y;z="a,text/plain;version=1.0.0,b\"",application/openmetrics-text)", kOpenMetrics},
    {"application/openmetrics-text;;version=1.0.0;", kOpenMetrics},
    {",, ,application/openmetrics-text;version=1.0.0,", kOpenMetrics},
    {"text/plain;version=1.0.0", {Format::kText100, Escaping::kUnderscores}},
    {"text/plain;charset=utf-8", kPlain},
    {"text/*", kPlain},
    {"text/html", kPlain},
    {"application/json", kPlain},
    {"application/*", kPlain},
    // Quality decides, not the order. Among equals OpenMetrics wins, then text 0.0.4.
    {"text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=1.0.0;q=0.501", kOpenMetrics},
    {"application/openmetrics-text;version=1.0.0;q=0.4,text/plain;version=0.0.4;q=0.5", kPlain},
    {"text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0", kOpenMetrics},
    {"text/plain;version=1.0.0,text/plain;version=0.0.4", kPlain},
    {"application/openmetrics-text;version=0.0.1,text/plain", kPlain},
    {"*/*,application/openmetrics-text;version=1.0.0;q=0.9", kPlain},
    {"application/openmetrics-text;version=1.0.0;q=1.000,text/plain;q=1.", kOpenMetrics},
    // A quality of 0 excludes a format. The more specific clause decides.
    {"application/openmetrics-text;version=1.0.0;q=0,text/plain;version=0.0.4;q=0.1", kPlain},
    {"application/openmetrics-text;q=0.000,*/*;q=0.1", kPlain},
    {"application/openmetrics-text;q=0,application/openmetrics-text;version=1.0.0;q=0.1", kOpenMetrics},
    {"application/openmetrics-text;version=1.0.0;q=0.1,application/openmetrics-text", kOpenMetrics},
    {"text/plain;version=0.0.4;q=0.1,*/*,application/openmetrics-text;version=1.0.0;q=0.5", kOpenMetrics},
    {"text/plain;version=0.0.4;q=0,*/*", kPlain},
    {"*/*;q=0", kPlain},
    // The chosen clause gives the scheme.
    {"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.9,application/openmetrics-text;version=1.0.0",
     kOpenMetrics},
    {"application/openmetrics-text;version=1.0.0;escaping=no-such", kOpenMetrics},
    {"application/openmetrics-text;version=1.0.0;escaping=dots;escaping=values",
     {Format::kOpenMetrics100, Escaping::kDots}},
    {"application/openmetrics-text;version=0.0.1;escaping=allow-utf-8",
     {Format::kOpenMetrics001, Escaping::kUnderscores}},
};

/// Invalid headers. A wrong clause is ignored, but not the rest of its header.
const std::vector<Case> kGarbage = {
    {"application/openmetrics-text;version=2.0.0", kPlain},
    {"application/openmetrics-text;version=1.0", kPlain},
    {"application/openmetrics-text;q=0.5000,text/plain;q=0.1", kPlain},
    {"application/openmetrics-text;q=1.001", kPlain},
    {"application/openmetrics-text;q=2", kPlain},
    {"application/openmetrics-text;q=-1", kPlain},
    {"application/openmetrics-text;q=.5", kPlain},
    {"application/openmetrics-text;q=0,5", kPlain},
    {"application/openmetrics-text;q=", kPlain},
    {"application/openmetrics-text;q", kPlain},
    {"application/openmetrics-text;q=NaN", kPlain},
    {"application/openmetrics-text;q=1e0", kPlain},
    {"application/openmetrics-text;q=00", kPlain},
    {"application/openmetrics-text;q = 0.5", kPlain},
    {"application/openmetrics-text;version=\"1.0.0", kPlain},
    {"application/openmetrics-text;version=\"1.0.0\"x", kPlain},
    {"application/openmetrics-text;version=\"1.0.0\\", kPlain},
    {"application/openmetrics-text version=1.0.0", kPlain},
    {"application / openmetrics-text", kPlain},
    {"application/openmetrics-text/x", kPlain},
    {"openmetrics", kPlain},
    {"*", kPlain},
    {";q=1", kPlain},
    {"\"", kPlain},
    {"\\", kPlain},
    {",", kPlain},
    {std::string("application/openmetrics-text\0;version=1.0.0", 43), kPlain},
    {"\xff\xfe\x80,application/openmetrics-text;version=1.0.0", kOpenMetrics},
    {"%s%n%x", kPlain},
    {"application/openmetrics-text;q=2,application/openmetrics-text;version=1.0.0;q=0.2,text/plain;q=0.1",
     kOpenMetrics},
    {std::string(1'000'000, ','), kPlain},
    {std::string(1'000'000, ';'), kPlain},
    {std::string(1'000'000, '"'), kPlain},
    {std::string(1'000'000, 'x'), kPlain},
    {Repeated("text/plain;q=0.1,", 63) + "application/openmetrics-text", kOpenMetrics},
    {Repeated("text/plain;q=0.1,", 64) + "application/openmetrics-text", kPlain},
};

TEST(NegotiationTest, EveryClientGetsTheBestOfWhatItAsksFor) {
  for (const auto* cases : {&kClients, &kShapes, &kGarbage}) {
    for (const auto& [accept, exposition] : *cases) {
      const Exposition negotiated = Negotiate(accept);
      EXPECT_EQ(negotiated.format, exposition.format)
          << FormatName(negotiated.format) << " for " << accept.substr(0, 400);
      EXPECT_EQ(negotiated.escaping, exposition.escaping) << accept.substr(0, 400);
    }
  }
  EXPECT_GE(kClients.size() + kShapes.size() + kGarbage.size(), 40U);
}

}  // namespace
}  // namespace shmetrics::agent

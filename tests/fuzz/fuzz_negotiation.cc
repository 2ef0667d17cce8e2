// The negotiation, with any bytes as a header.

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string>

#include "agent/exposition/negotiation.h"
#include "agent/http/accept_header.h"
#include "shm/exposition/format.h"
#include "tests/fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace shmetrics::agent;
  using namespace shmetrics::shm;
  using shmetrics::fuzz::Require;
  const std::string header(reinterpret_cast<const char*>(data), size);
  std::string lower = header;
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });

  const Exposition exposition = Negotiate(header);
  const bool is_openmetrics =
      exposition.format == Format::kOpenMetrics001 || exposition.format == Format::kOpenMetrics100;
  Require(!is_openmetrics || lower.find("application/openmetrics-text") != std::string::npos,
          "OpenMetrics for who did not name it");
  Require(exposition.format != Format::kText100 || header.find("1.0.0") != std::string::npos ||
              header.find('\\') != std::string::npos,
          "text 1.0.0 for who did not name it");
  const bool has_escaping =
      exposition.format == Format::kText100 || exposition.format == Format::kOpenMetrics100;
  Require(has_escaping || exposition.escaping == Escaping::kUnderscores, "a scheme that the format has not");
  Require(Negotiate(" \t" + header + "\t ") == exposition, "whitespace around it changes the answer");
  Require(Negotiate("x/y;q=9," + header) == exposition || std::ranges::count(header, ',') >= 63,
          "a clause that nobody can read changes the answer");

  const std::string type = ContentType(exposition);
  Require(
      type.starts_with(is_openmetrics ? "application/openmetrics-text; version=" : "text/plain; version="),
      type);
  Require(!FormatName(exposition.format).empty(), "a format without a word");
  Require(
      !AcceptsGzip(header) || lower.find("gzip") != std::string::npos || lower.find('*') != std::string::npos,
      "gzip for who did not ask");
  return 0;
}

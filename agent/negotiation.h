#ifndef SHMETRICS_AGENT_NEGOTIATION_H_
#define SHMETRICS_AGENT_NEGOTIATION_H_

// From what a client accepts to what it gets. Pure functions of header values; knows no HTTP library.

#include <cstdint>
#include <string>
#include <string_view>

namespace shmetrics::agent {

/// What an exposition is written in. The numbers are the versions of the formats.
enum class Format : std::uint8_t {
  kText004,         ///< Prometheus text 0.0.4
  kText100,         ///< Prometheus text 1.0.0: 0.0.4 with quoted UTF-8 names
  kOpenMetrics001,  ///< OpenMetrics 1.0.0, under the version that older clients ask for
  kOpenMetrics100,  ///< OpenMetrics 1.0.0
};

/// What becomes of names with other characters than [a-zA-Z0-9_:].
enum class Escaping : std::uint8_t { kUnderscores, kDots, kValues, kAllowUtf8 };

struct Exposition {
  Format format = Format::kText004;
  Escaping escaping = Escaping::kUnderscores;

  bool operator==(const Exposition&) const = default;
};

/// The best of what `accept`, the value of an Accept header, asks for; text 0.0.4 if it asks for nothing that there is,
/// because a refusal would end the scrape of a client that would have understood.
Exposition Negotiate(std::string_view accept);

/// The Content-Type of an answer in this exposition.
std::string ContentType(Exposition exposition);

bool IsOpenMetrics(Format format);

/// For labels and logs: "text_0.0.4", "text_1.0.0", "openmetrics_0.0.1", "openmetrics_1.0.0".
std::string_view Word(Format format);

/// Whether `accept_encoding`, the value of an Accept-Encoding header, wants gzip.
bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_NEGOTIATION_H_

#include "agent/exposition/negotiation.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "agent/http/accept_header.h"

namespace shmetrics::agent {

using shm::Escaping;
using shm::Exposition;
using shm::Format;

namespace {

/// How closely a clause describes a format. If two clauses fit, the closer one decides.
enum class Closeness : std::uint8_t { kNone, kAnything, kType, kMediaType, kVersion };

struct Match {
  Format format = Format::kText004;
  Closeness closeness = Closeness::kNone;
};

/// The format that a clause asks for. A wildcard asks for text 0.0.4, which every client reads. A client that
/// does not name OpenMetrics may not know it.
Match Find(const AcceptClause& clause) {
  if (EqualIgnoringCase(clause.name, "*/*")) return {Format::kText004, Closeness::kAnything};
  if (EqualIgnoringCase(clause.name, "text/*")) return {Format::kText004, Closeness::kType};
  if (EqualIgnoringCase(clause.name, "text/plain")) {
    if (!clause.version) return {Format::kText004, Closeness::kMediaType};
    if (clause.version == "0.0.4") return {Format::kText004, Closeness::kVersion};
    if (clause.version == "1.0.0") return {Format::kText100, Closeness::kVersion};
  }
  if (EqualIgnoringCase(clause.name, "application/openmetrics-text")) {
    if (!clause.version) return {Format::kOpenMetrics100, Closeness::kMediaType};
    if (clause.version == "1.0.0") return {Format::kOpenMetrics100, Closeness::kVersion};
    if (clause.version == "0.0.1") return {Format::kOpenMetrics001, Closeness::kVersion};
  }
  return {};
}

/// How names are escaped in a format. Versions below 1.0.0 are older than the escaping parameter and have no
/// quoted names. Prometheus 3.0 to 3.2 send the parameter with those versions too. It is ignored there: a
/// scraper that gets such a version has refused the formats with quotes, and an older parser fails at a
/// quoted name and loses the whole scrape.
Escaping EscapingOf(Format format, const std::optional<std::string>& word) {
  if (format != Format::kText100 && format != Format::kOpenMetrics100) return Escaping::kUnderscores;
  if (word == "dots") return Escaping::kDots;
  if (word == "values") return Escaping::kValues;
  return word == "allow-utf-8" ? Escaping::kAllowUtf8 : Escaping::kUnderscores;
}

/// What all clauses say about one format.
struct Wish {
  Format format;
  Closeness closeness = Closeness::kNone;
  int quality = 0;
  Escaping escaping = Escaping::kUnderscores;
};

}  // namespace

Exposition Negotiate(std::string_view accept) {
  // The first of several equal wishes wins.
  std::array<Wish, 4> wishes{Wish{Format::kOpenMetrics100}, Wish{Format::kText004}, Wish{Format::kText100},
                             Wish{Format::kOpenMetrics001}};
  ForEachClause(accept, [&](const AcceptClause& clause) {
    const Match match = Find(clause);
    if (match.closeness == Closeness::kNone) return;
    Wish& wish = *std::ranges::find(wishes, match.format, &Wish::format);
    if (std::pair(match.closeness, clause.quality) <= std::pair(wish.closeness, wish.quality)) return;
    wish = {match.format, match.closeness, clause.quality, EscapingOf(match.format, clause.escaping)};
  });
  const Wish& best = *std::ranges::max_element(wishes, {}, &Wish::quality);
  return best.quality == 0 ? Exposition{} : Exposition{best.format, best.escaping};
}

}  // namespace shmetrics::agent

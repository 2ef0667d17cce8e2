#include "agent/negotiation.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

namespace shmetrics::agent {
namespace {

/// Prometheus sends six. What is behind these is not read, so that a header costs what an honest one does.
constexpr int kMaxClauses = 64;

/// Quality values are thousandths, so that they compare exactly.
constexpr int kFullQuality = 1000;

char LowerCase(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, LowerCase, LowerCase);
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kOptionalWhitespace = " \t";
  const std::size_t begin = text.find_first_not_of(kOptionalWhitespace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kOptionalWhitespace) - begin + 1);
}

/// Takes what stands before the next `separator` outside quotes off the front of `rest`.
std::string_view TakePart(std::string_view* rest, char separator) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < rest->size() && (quoted || (*rest)[end] != separator); ++end) {
    if ((*rest)[end] == '"') quoted = !quoted;
    if (quoted && (*rest)[end] == '\\') ++end;
  }
  end = std::min(end, rest->size());
  const std::string_view part = rest->substr(0, end);
  rest->remove_prefix(std::min(end + 1, rest->size()));
  return Trim(part);
}

/// The text of a token or of a quoted string; nothing if it is neither.
std::optional<std::string> Unquote(std::string_view value) {
  if (!value.starts_with('"')) {
    if (value.empty() || value.find_first_of(" \t\"\\") != std::string_view::npos) return std::nullopt;
    return std::string(value);
  }
  std::string text;
  for (std::size_t i = 1; i < value.size(); ++i) {
    if (value[i] == '"') return i + 1 == value.size() ? std::optional(text) : std::nullopt;
    if (value[i] == '\\' && ++i == value.size()) break;
    text += value[i];
  }
  return std::nullopt;
}

/// As RFC 9110 has it: 0 or 1, then up to three decimals, of a 1 only zeros.
std::optional<int> ParseQuality(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  if (text.size() > 1 && text[1] != '.') return std::nullopt;
  int quality = text[0] == '1' ? kFullQuality : 0;
  int weight = 100;
  for (const char c : text.substr(std::min<std::size_t>(2, text.size()))) {
    if (c < '0' || c > '9') return std::nullopt;
    quality += (c - '0') * weight;
    weight /= 10;
  }
  return quality <= kFullQuality ? std::optional(quality) : std::nullopt;
}

/// One of the alternatives in an Accept or Accept-Encoding header. A parameter that stands there twice counts as it
/// stands first: Prometheus 3.0 sends `escaping` twice.
struct Clause {
  std::string_view name;
  int quality = kFullQuality;
  std::optional<std::string> version = {};
  std::optional<std::string> escaping = {};
};

/// Nothing if it is malformed.
std::optional<Clause> ParseClause(std::string_view text) {
  Clause clause{TakePart(&text, ';')};
  bool has_quality = false;
  while (!text.empty()) {
    const std::string_view parameter = TakePart(&text, ';');
    if (parameter.empty()) continue;
    const std::size_t equals = parameter.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view name = parameter.substr(0, equals);
    std::optional<std::string> value = Unquote(parameter.substr(equals + 1));
    if (!value || name.find_first_of(" \t") != std::string_view::npos) return std::nullopt;
    if (EqualIgnoringCase(name, "q")) {
      const std::optional<int> quality = ParseQuality(*value);
      if (!quality) return std::nullopt;
      if (!std::exchange(has_quality, true)) clause.quality = *quality;
    } else if (EqualIgnoringCase(name, "version")) {
      if (!clause.version) clause.version = std::move(value);
    } else if (EqualIgnoringCase(name, "escaping")) {
      if (!clause.escaping) clause.escaping = std::move(value);
    }
  }
  return clause;
}

template <class Visit>
void ForEachClause(std::string_view header, Visit visit) {
  for (int i = 0; i < kMaxClauses && !header.empty(); ++i) {
    if (const std::optional<Clause> clause = ParseClause(TakePart(&header, ','))) visit(*clause);
  }
}

/// How closely a clause describes a format: of two that fit, the closer one decides.
enum class Closeness : std::uint8_t { kNone, kAnything, kType, kMediaType, kVersion };

struct Match {
  Format format = Format::kText004;
  Closeness closeness = Closeness::kNone;
};

/// Which format a clause asks for. A wildcard stands for text 0.0.4 alone, which everybody reads: who does not name
/// OpenMetrics may not know it.
Match Find(const Clause& clause) {
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

/// What a format may do to names. Versions below 1.0.0 are older than the parameter and have no quoted names. Prometheus
/// 3.0 to 3.2 send it with them all the same; but a scraper that ends up with them has refused the format that has
/// quotes, and a quoted name read by an older parser ends the whole scrape.
Escaping EscapingOf(Format format, const std::optional<std::string>& word) {
  if (format != Format::kText100 && format != Format::kOpenMetrics100) return Escaping::kUnderscores;
  if (word == "dots") return Escaping::kDots;
  if (word == "values") return Escaping::kValues;
  return word == "allow-utf-8" ? Escaping::kAllowUtf8 : Escaping::kUnderscores;
}

std::string_view EscapingWord(Escaping escaping) {
  switch (escaping) {
    case Escaping::kUnderscores:
      return "underscores";
    case Escaping::kDots:
      return "dots";
    case Escaping::kValues:
      return "values";
    case Escaping::kAllowUtf8:
      return "allow-utf-8";
  }
  return "underscores";
}

/// What is known of one format after all clauses.
struct Wish {
  Format format;
  Closeness closeness = Closeness::kNone;
  int quality = 0;
  Escaping escaping = Escaping::kUnderscores;
};

}  // namespace

Exposition Negotiate(std::string_view accept) {
  // Of equal wishes the first is granted.
  std::array<Wish, 4> wishes{Wish{Format::kOpenMetrics100}, Wish{Format::kText004}, Wish{Format::kText100},
                             Wish{Format::kOpenMetrics001}};
  ForEachClause(accept, [&](const Clause& clause) {
    const Match match = Find(clause);
    if (match.closeness == Closeness::kNone) return;
    Wish& wish = *std::ranges::find(wishes, match.format, &Wish::format);
    if (std::pair(match.closeness, clause.quality) <= std::pair(wish.closeness, wish.quality)) return;
    wish = {match.format, match.closeness, clause.quality, EscapingOf(match.format, clause.escaping)};
  });
  const Wish& best = *std::ranges::max_element(wishes, {}, &Wish::quality);
  return best.quality == 0 ? Exposition{} : Exposition{best.format, best.escaping};
}

std::string ContentType(Exposition exposition) {
  std::string text;
  switch (exposition.format) {
    case Format::kText004:
      text = "text/plain; version=0.0.4";
      break;
    case Format::kText100:
      text = "text/plain; version=1.0.0";
      break;
    case Format::kOpenMetrics001:
      text = "application/openmetrics-text; version=0.0.1";
      break;
    case Format::kOpenMetrics100:
      text = "application/openmetrics-text; version=1.0.0";
      break;
  }
  return text.append("; charset=utf-8; escaping=").append(EscapingWord(exposition.escaping));
}

bool IsOpenMetrics(Format format) {
  return format == Format::kOpenMetrics001 || format == Format::kOpenMetrics100;
}

std::string_view Word(Format format) {
  switch (format) {
    case Format::kText004:
      return "text_0.0.4";
    case Format::kText100:
      return "text_1.0.0";
    case Format::kOpenMetrics001:
      return "openmetrics_0.0.1";
    case Format::kOpenMetrics100:
      return "openmetrics_1.0.0";
  }
  return "text_0.0.4";
}

bool AcceptsGzip(std::string_view accept_encoding) {
  std::optional<int> gzip;
  std::optional<int> anything;
  std::optional<int> identity;
  ForEachClause(accept_encoding, [&](const Clause& clause) {
    if (EqualIgnoringCase(clause.name, "gzip") || EqualIgnoringCase(clause.name, "x-gzip")) {
      gzip = std::max(gzip.value_or(0), clause.quality);
    }
    if (clause.name == "*") anything = clause.quality;
    if (EqualIgnoringCase(clause.name, "identity")) identity = clause.quality;
  });
  const int quality = gzip.value_or(anything.value_or(0));
  // Who names neither as the better one asks for gzip to save bytes.
  return quality > 0 && quality >= identity.value_or(0);
}

}  // namespace shmetrics::agent

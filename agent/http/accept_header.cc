#include "agent/http/accept_header.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "shm/base/trim.h"

namespace shmetrics::agent {
namespace {

char LowerCase(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Prometheus sends six. The rest is not read, so that a hostile header costs no more than an honest one.
constexpr int kMaxClauses = 64;

/// Removes the part before the next `separator` outside quotes from the front of `rest` and returns it.
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
  return shm::Trim(part);
}

/// The text of a token or of a quoted string; nothing if `value` is neither.
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

/// Parses a quality by RFC 9110: 0 or 1, then up to three decimals, only zeros after a 1.
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

/// Nothing if the clause is malformed.
std::optional<AcceptClause> ParseClause(std::string_view text) {
  AcceptClause clause{TakePart(&text, ';')};
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

}  // namespace

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, LowerCase, LowerCase);
}

void ForEachClause(std::string_view header, const std::function<void(const AcceptClause&)>& visit) {
  for (int i = 0; i < kMaxClauses && !header.empty(); ++i) {
    if (const std::optional<AcceptClause> clause = ParseClause(TakePart(&header, ','))) visit(*clause);
  }
}

bool AcceptsGzip(std::string_view accept_encoding) {
  std::optional<int> gzip;
  std::optional<int> anything;
  std::optional<int> identity;
  ForEachClause(accept_encoding, [&](const AcceptClause& clause) {
    if (EqualIgnoringCase(clause.name, "gzip") || EqualIgnoringCase(clause.name, "x-gzip")) {
      gzip = std::max(gzip.value_or(0), clause.quality);
    }
    if (clause.name == "*") anything = clause.quality;
    if (EqualIgnoringCase(clause.name, "identity")) identity = clause.quality;
  });
  const int quality = gzip.value_or(anything.value_or(0));
  // A client that does not prefer identity asks for gzip to save bytes.
  return quality > 0 && quality >= identity.value_or(0);
}

}  // namespace shmetrics::agent

#include "tests/support/exposition_parser.h"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <set>
#include <utility>

namespace shmetrics::testing {
namespace {

using Sample = ParsedExposition::Sample;

/// Takes a quoted string off the front of `rest`, and unescapes it.
std::optional<std::string> TakeQuoted(std::string_view* rest) {
  std::string text;
  if (!rest->starts_with('"')) return std::nullopt;
  for (std::size_t i = 1; i < rest->size(); i++) {
    char c = (*rest)[i];
    if (c == '"') {
      rest->remove_prefix(i + 1);
      return text;
    }
    if (c == '\\') {
      if (++i == rest->size()) return std::nullopt;
      c = (*rest)[i];
      if (c != '\\' && c != '"' && c != 'n') return std::nullopt;
      if (c == 'n') c = '\n';
    }
    text += c;
  }
  return std::nullopt;
}

std::string TakeName(std::string_view* rest) {
  const std::size_t end = std::min(rest->size(), rest->find_first_of("{=, \"}"));
  std::string name(rest->substr(0, end));
  rest->remove_prefix(end);
  return name;
}

bool Take(char c, std::string_view* rest) {
  if (!rest->starts_with(c)) return false;
  rest->remove_prefix(1);
  return true;
}

/// Takes the contents of braces: labels, or a quoted name and labels.
bool TakeBraces(std::string_view* rest, Sample* sample) {
  if (Take('}', rest)) return true;
  do {
    if (rest->starts_with('"')) {
      const std::optional<std::string> name = TakeQuoted(rest);
      if (!name || !std::exchange(sample->name, *name).empty()) return false;
      continue;
    }
    const std::string label = TakeName(rest);
    if (label.empty() || !Take('=', rest)) return false;
    const std::optional<std::string> value = TakeQuoted(rest);
    if (!value || !sample->labels.emplace(label, *value).second) return false;
  } while (Take(',', rest));
  return Take('}', rest);
}

std::optional<Sample> ParseSample(std::string_view line) {
  Sample sample;
  sample.name = TakeName(&line);
  if (Take('{', &line) && !TakeBraces(&line, &sample)) return std::nullopt;
  if (sample.name.empty() || !Take(' ', &line)) return std::nullopt;
  const std::size_t end = std::min(line.size(), line.find(' '));
  sample.value = line.substr(0, end);
  char* value_end = nullptr;
  std::strtod(sample.value.c_str(), &value_end);
  if (sample.value.empty() || *value_end != '\0') return std::nullopt;
  sample.exemplar = line.substr(std::min(line.size(), end + 1));
  if (!sample.exemplar.empty() && !sample.exemplar.starts_with("# {")) return std::nullopt;
  return sample;
}

class Parser {
 public:
  ParsedExposition Parse(std::string_view text) {
    if (!text.empty() && !text.ends_with('\n')) Complain("no end of the last line", text.substr(0, 100));
    while (!text.empty()) {
      const std::size_t end = std::min(text.size(), text.find('\n'));
      ParseLine(text.substr(0, end));
      text.remove_prefix(std::min(text.size(), end + 1));
    }
    return std::move(parsed_);
  }

 private:
  void ParseLine(std::string_view line) {
    if (has_ended_) Complain("behind the end", line);
    if (line == "# EOF") {
      has_ended_ = true;
    } else if (line.starts_with("# ")) {
      ParseMetadata(line);
    } else if (std::optional<Sample> sample = ParseSample(line)) {
      Add(std::move(*sample), line);
    } else {
      Complain("no line of any format", line);
    }
  }

  void ParseMetadata(std::string_view line) {
    std::string_view rest = line.substr(2);
    const std::string keyword = TakeName(&rest);
    if (!Take(' ', &rest)) return Complain("no metadata", line);
    const std::string name = rest.starts_with('"') ? TakeQuoted(&rest).value_or("") : TakeName(&rest);
    if (name.empty() || !Take(' ', &rest)) return Complain("metadata without a name", line);
    if (name != family_ && parsed_.families.contains(name)) Complain("a family a second time", line);
    if (name == family_ && has_samples_) Complain("metadata behind samples", line);
    if (name != family_) has_samples_ = false;
    family_ = name;
    ParsedExposition::Family& family = parsed_.families[name];
    std::string* const field = keyword == "TYPE"   ? &family.type
                               : keyword == "HELP" ? &family.help
                               : keyword == "UNIT" ? &family.unit
                                                   : nullptr;
    if (field == nullptr) return Complain("unknown keyword", line);
    if (!field->empty()) Complain("metadata twice", line);
    *field = rest;
  }

  void Add(Sample sample, std::string_view line) {
    if (family_.empty() || !sample.name.starts_with(family_)) Complain("a sample of another family", line);
    has_samples_ = true;
    if (!seen_.insert(SeriesOf(sample)).second) Complain("a series twice", line);
    parsed_.samples.push_back(std::move(sample));
  }

  void Complain(std::string_view what, std::string_view line) {
    parsed_.complaints.push_back(std::string(what).append(": ").append(line));
  }

  ParsedExposition parsed_;
  std::string family_;
  bool has_samples_ = false;
  bool has_ended_ = false;
  std::set<std::string> seen_;
};

}  // namespace

ParsedExposition ParseExposition(std::string_view text) { return Parser().Parse(text); }

std::string SeriesOf(const Sample& sample) {
  std::string series = sample.name;
  for (const auto& [name, value] : sample.labels) {
    if (!value.empty()) series.append(1, '\0').append(name).append(1, '\0').append(value);
  }
  return series;
}

}  // namespace shmetrics::testing

#include "client-lib/config/ini_text.h"

#include <algorithm>

#include "shm/base/trim.h"

namespace shmetrics::config {
namespace {

constexpr std::size_t kMostSectionBytes = 49;  // inih's buffer, fixed when inih was compiled
constexpr std::size_t kMostShownBytes = 60;
constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool IsComment(std::string_view line) { return line.starts_with(';') || line.starts_with('#'); }

std::string ControlCharacter(std::string_view line) {
  const auto found = std::ranges::find_if(line, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < ' ' && byte != '\t') || byte == 0x7F;
  });
  if (found == line.end()) return {};
  if (*found == '\0') return "has a zero byte; write the file in UTF-8";
  if (*found == '\r') return "has a carriage return before its end; end lines with a line feed";
  return "has a control character";
}

bool HasCommentBehind(std::string_view value) {
  for (std::size_t at = value.find(';'); at != std::string_view::npos; at = value.find(';', at + 1)) {
    if (at > 0 && kBlanks.find(value[at - 1]) != std::string_view::npos) return true;
  }
  return false;
}

/// Checks one line after the other, and knows in which section it is.
class Checker {
 public:
  explicit Checker(std::vector<IniSection>* sections) : sections_(sections) {}

  /// What is wrong with the line; empty if nothing is.
  std::string Check(std::string_view whole, int number) {
    const std::string_view line = shm::Trim(whole);
    if (whole.size() > kMostIniLineBytes) {
      return NameOf(line) + "is longer than " + std::to_string(kMostIniLineBytes) + " bytes";
    }
    if (const std::string control = ControlCharacter(whole); !control.empty()) return NameOf(line) + control;
    if (line.starts_with('[')) return CheckSection(line, number);
    const std::size_t separator = line.find_first_of("=:");
    if (IsComment(line) || separator == std::string_view::npos) return {};
    if (!HasCommentBehind(line.substr(separator + 1))) return {};
    return NameOf(line) +
           "has a ';' after a blank, which may begin a comment or belong to the value; write comments on "
           "lines "
           "of their own";
  }

 private:
  std::string CheckSection(std::string_view line, int number) {
    const std::size_t end = line.find(']');
    if (end == std::string_view::npos) return {};  // inih complains
    const std::string name(line.substr(1, end - 1));
    if (name.size() > kMostSectionBytes) {
      return "the name of the section is longer than " + std::to_string(kMostSectionBytes) + " bytes";
    }
    const std::string_view rest = shm::Trim(line.substr(end + 1));
    if (!rest.empty() && !IsComment(rest))
      return "[" + name + "] is followed by text; begin a new line there";
    section_ = name;
    sections_->push_back({name, number});
    return {};
  }

  /// The key of a line, for the beginning of an error.
  std::string NameOf(std::string_view line) const {
    const std::size_t separator = line.find_first_of("=:");
    if (IsComment(line) || line.starts_with('[') || separator == std::string_view::npos) return {};
    std::string key(shm::Trim(line.substr(0, std::min(separator, kMostShownBytes))));
    std::erase_if(key, [](char c) { return static_cast<unsigned char>(c) < ' '; });
    return "[" + section_ + "] " + key + ": ";
  }

  std::vector<IniSection>* const sections_;
  std::string section_;
};

}  // namespace

std::optional<IniTextError> CheckIniText(std::string_view text, std::vector<IniSection>* sections) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Checker checker(sections);
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (std::string what = checker.Check(line, number); !what.empty()) {
      return IniTextError{number, std::move(what)};
    }
  }
  return std::nullopt;
}

}  // namespace shmetrics::config

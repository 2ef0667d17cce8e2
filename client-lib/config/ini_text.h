#ifndef SHMETRICS_CLIENT_LIB_CONFIG_INI_TEXT_H_
#define SHMETRICS_CLIENT_LIB_CONFIG_INI_TEXT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shmetrics::config {

/// The longest line of an ini file.
inline constexpr std::size_t kMostIniLineBytes = 65'536;

struct IniSection {
  std::string name;
  int line;
};

/// What is wrong in one line of an ini file.
struct IniTextError {
  int line;
  std::string what;  ///< begins with the key, if the line has one; never shows a value
};

/// Finds the first line that inih would misread without a word: it ends a line at a zero byte, splits a line
/// that is too long, cuts a value before a ';' that follows a blank, cuts the name of a section, and passes
/// over what follows that name. Adds the sections up to there to `sections`; inih does not report them.
std::optional<IniTextError> CheckIniText(std::string_view text, std::vector<IniSection>* sections);

}  // namespace shmetrics::config

#endif  // SHMETRICS_CLIENT_LIB_CONFIG_INI_TEXT_H_

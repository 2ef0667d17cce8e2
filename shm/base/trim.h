#ifndef SHMETRICS_SHM_BASE_TRIM_H_
#define SHMETRICS_SHM_BASE_TRIM_H_

#include <cstddef>
#include <string_view>

namespace shmetrics::shm {

/// The text without the blanks and tabs around it: what HTTP headers and ini files mean by optional blanks.
constexpr std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_BASE_TRIM_H_

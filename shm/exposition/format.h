#ifndef SHMETRICS_SHM_EXPOSITION_FORMAT_H_
#define SHMETRICS_SHM_EXPOSITION_FORMAT_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace shmetrics::shm {

/// The format of an exposition. The numbers are the versions of the formats.
enum class Format : std::uint8_t {
  kText004,         ///< Prometheus text 0.0.4
  kText100,         ///< Prometheus text 1.0.0: 0.0.4 with quoted UTF-8 names
  kOpenMetrics001,  ///< OpenMetrics 1.0.0, under the version that older clients ask for
  kOpenMetrics100,  ///< OpenMetrics 1.0.0
};

/// What happens to names with characters outside [a-zA-Z0-9_:].
enum class Escaping : std::uint8_t { kUnderscores, kDots, kValues, kAllowUtf8 };

struct Exposition {
  Format format = Format::kText004;
  Escaping escaping = Escaping::kUnderscores;

  bool operator==(const Exposition&) const = default;
};

/// The Content-Type of an answer in this exposition.
std::string ContentType(Exposition exposition);

bool IsOpenMetrics(Format format);

/// For labels and logs: "text_0.0.4", "text_1.0.0", "openmetrics_0.0.1", "openmetrics_1.0.0".
std::string_view FormatName(Format format);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_EXPOSITION_FORMAT_H_

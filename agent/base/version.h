#ifndef SHMETRICS_AGENT_BASE_VERSION_H_
#define SHMETRICS_AGENT_BASE_VERSION_H_

#include <string_view>

namespace shmetrics::agent {

/// The version of the project, for example 1.2.3.
extern const std::string_view kVersion;

/// The compiler and its version, as it names itself: "GNU 12.2.0".
extern const std::string_view kCompiler;

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_BASE_VERSION_H_

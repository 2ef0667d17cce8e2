#ifndef SHMETRICS_AGENT_VERSION_H_
#define SHMETRICS_AGENT_VERSION_H_

#include <string_view>

namespace shmetrics::agent {

/// Of the project this was built from, as 1.2.3.
extern const std::string_view kVersion;

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_VERSION_H_

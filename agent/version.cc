#include "agent/version.h"

namespace shmetrics::agent {

constinit const std::string_view kVersion = SHMETRICS_VERSION;

}  // namespace shmetrics::agent

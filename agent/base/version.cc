#include "agent/base/version.h"

namespace shmetrics::agent {

constinit const std::string_view kVersion = SHMETRICS_VERSION;
constinit const std::string_view kCompiler = SHMETRICS_COMPILER;

}  // namespace shmetrics::agent

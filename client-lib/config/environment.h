#ifndef SHMETRICS_CLIENT_LIB_CONFIG_ENVIRONMENT_H_
#define SHMETRICS_CLIENT_LIB_CONFIG_ENVIRONMENT_H_

#include <string_view>

namespace shmetrics::config {

/// The variable's value. Empty if it is not set, or if it is ignored. Thread-safe as getenv() is.
std::string_view Environment(const char* variable);

/// True if the variable is set and ignored: a program that has more rights than its user (set-user-id,
/// set-group-id, file capabilities) must not do what its user's environment says.
bool IsIgnored(const char* variable);

/// What follows the name of such a variable.
inline constexpr std::string_view kIgnoredBecause =
    ": ignored, because this program has more rights than its user (set-user-id, set-group-id or file "
    "capabilities)";

}  // namespace shmetrics::config

#endif  // SHMETRICS_CLIENT_LIB_CONFIG_ENVIRONMENT_H_

#ifndef SHMETRICS_CLIENT_LIB_CONFIG_CONFIG_FILE_H_
#define SHMETRICS_CLIENT_LIB_CONFIG_CONFIG_FILE_H_

#include <optional>
#include <string>

namespace shmetrics::config {

inline constexpr const char* kDefaultConfigFile = "/etc/shmetrics/shmetrics.ini";
inline constexpr const char* kConfigFileVariable = "SHMETRICS_CONFIG";

/// The ini file of workers and the agent: $SHMETRICS_CONFIG, else `default_file`, unless that is known to be
/// absent. If it is there and cannot be read, whoever reads it reports that.
std::optional<std::string> ConfigFile(const std::string& default_file = kDefaultConfigFile);

}  // namespace shmetrics::config

#endif  // SHMETRICS_CLIENT_LIB_CONFIG_CONFIG_FILE_H_

#ifndef SHMETRICS_AGENT_CONFIG_OPTIONS_H_
#define SHMETRICS_AGENT_CONFIG_OPTIONS_H_

#include <optional>
#include <string>

#include "agent/config/config.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// What the command line asks for.
struct Options {
  std::optional<std::string> config_file = {};
  bool check_config = false;  ///< read everything, say whether it is good, and stop
  PartialConfig flags = {};
  std::string answer = {};  ///< to --help or --version: print it and stop
};

/// Fails with one line that names the flag.
Result<Options> ParseOptions(int argc, const char* const* argv);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_CONFIG_OPTIONS_H_

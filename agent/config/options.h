#ifndef SHMETRICS_AGENT_CONFIG_OPTIONS_H_
#define SHMETRICS_AGENT_CONFIG_OPTIONS_H_

#include <optional>
#include <string>

#include "agent/config/config.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// The command line.
struct Options {
  std::optional<std::string> config_file = {};
  bool check_config = false;  ///< read the whole configuration, say whether it is good, and stop
  PartialConfig flags = {};
  std::string answer = {};  ///< the answer to --help or --version, to print before stopping
};

/// An error is one line that names the flag.
Result<Options> ParseOptions(int argc, const char* const* argv);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_CONFIG_OPTIONS_H_

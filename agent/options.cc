#include "agent/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "agent/version.h"

namespace shmetrics::agent {
namespace {

/// A flag for something that the configuration file can say too.
struct SettingFlag {
  const char* name;
  const char* value;
  const char* help;
  Result<void> (Settings::*set)(const std::string&);
};

constexpr std::array<SettingFlag, 4> kSettingFlags = {{
    {"--segment.path", "PATH",
     "Segment to read (default: $SHMETRICS_SEGMENT, else /run/shmetrics/default.v1 if there is that folder, "
     "else /dev/shm/shmetrics-UID/default.v1)",
     &Settings::SetSegmentPath},
    {"--segment.trusted-owner", "USER",
     "User, besides this one, root and the folder's owner, who may own the segment",
     &Settings::SetTrustedOwner},
    {"--web.listen-address", "HOST:PORT", "Address to serve on (default: 127.0.0.1:8000)",
     &Settings::SetListenAddress},
    {"--log.level", "LEVEL", "debug, info, warn or error (default: info)", &Settings::SetLogLevel},
}};

Error OneLine(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return {ErrorCode::kBadOption, std::move(text)};
}

}  // namespace

Result<Options> ParseOptions(int argc, const char* const* argv) {
  CLI::App app("Serves the metrics of a shmetrics segment to Prometheus.", "shmetrics-agent");
  app.set_help_flag("--help", "Print this help and exit");
  app.set_version_flag("--version", "shmetrics-agent " + std::string(kVersion), "Print the version and exit");

  Options options;
  app.add_option(
         "--config.file", options.config_file,
         "Configuration file (default: $SHMETRICS_CONFIG, else /etc/shmetrics/shmetrics.ini if there is one)")
      ->type_name("FILE");
  std::array<std::optional<std::string>, kSettingFlags.size()> values;
  for (std::size_t i = 0; i < kSettingFlags.size(); ++i) {
    app.add_option(kSettingFlags[i].name, values[i], kSettingFlags[i].help)
        ->type_name(kSettingFlags[i].value);
  }

  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    options.answer = app.help();
    return options;
  } catch (const CLI::CallForVersion& version) {
    options.answer = std::string(version.what()) + '\n';
    return options;
  } catch (const CLI::ParseError& error) {
    return OneLine(std::string(error.what()) + "; see --help");
  }

  for (std::size_t i = 0; i < kSettingFlags.size(); ++i) {
    if (!values[i]) continue;
    const Result<void> set = (options.settings.*kSettingFlags[i].set)(*values[i]);
    if (!set.ok()) return OneLine(std::string(kSettingFlags[i].name) + ": " + set.error().message);
  }
  return options;
}

}  // namespace shmetrics::agent

#ifndef SHMETRICS_AGENT_CONFIG_H_
#define SHMETRICS_AGENT_CONFIG_H_

#include <sys/types.h>

#include <optional>
#include <string>

#include "agent/listen_address.h"
#include "agent/log.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// What can be set by flag or by configuration file; empty where nothing was said.
struct Settings {
  std::optional<std::string> segment_path;
  std::optional<uid_t> trusted_owner;  ///< who else may own the segment file
  std::optional<ListenAddress> listen_address;
  std::optional<LogLevel> log_level;

  /// Each takes the value's text as a user wrote it and fails with kBadOption, naming the value and what it
  /// can be.
  Result<void> SetSegmentPath(const std::string& text);
  Result<void> SetTrustedOwner(const std::string& text);
  Result<void> SetListenAddress(const std::string& text);
  Result<void> SetLogLevel(const std::string& text);
};

/// The file to read: `flag`, else the one that the workers read too.
std::optional<std::string> ConfigFile(const std::optional<std::string>& flag);

/// Reads an ini file: [segment] path, trusted_owner, [web] listen_address, [log] level. Everything unknown, wrong or said
/// twice is an error that names file, line and key. [Audio-Quota] is passed over: ReadAudioConfig(), which
/// the workers use too, reads it.
Result<Settings> ReadConfig(const std::string& path);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_CONFIG_H_

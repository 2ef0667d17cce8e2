#ifndef SHMETRICS_AGENT_CONFIG_SETTING_PARSERS_H_
#define SHMETRICS_AGENT_CONFIG_SETTING_PARSERS_H_

// The parsers that the rows of settings.cc choose from. Each stores the value that `text` names. An error is
// kBadOption, and its message names the text and what the row expects.

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/log.h"
#include "agent/config/settings.h"
#include "agent/http/http_policy.h"
#include "agent/http/listen_address.h"
#include "shm/result.h"

namespace shmetrics::agent {

Result<void> ParseSegmentPath(const Setting& setting, const std::string& text, std::string* path);
/// A name, or a number.
Result<void> ParseUser(const Setting& setting, const std::string& text, uid_t* uid);
/// Adds the addresses, with commas between them. None may be there already.
Result<void> ParseListenAddresses(const Setting& setting, const std::string& text,
                                  std::vector<ListenAddress>* addresses);
Result<void> ParseTelemetryPath(const Setting& setting, const std::string& text, std::string* path);
Result<void> ParseSwitch(const Setting& setting, const std::string& text, bool* is_on);
/// The TLS files must be PEM of the right kind.
Result<void> ParseTlsCertificate(const Setting& setting, const std::string& text,
                                 std::optional<TlsFiles>* files);
Result<void> ParseTlsKey(const Setting& setting, const std::string& text, std::optional<TlsFiles>* files);
/// Adds the names, with commas between them.
Result<void> ParseHosts(const Setting& setting, const std::string& text, std::vector<std::string>* hosts);
/// A number in the range of the row.
Result<void> ParseCount(const Setting& setting, const std::string& text, unsigned* count);
/// Seconds in the range of the row.
Result<void> ParseSeconds(const Setting& setting, const std::string& text, std::chrono::milliseconds* time);
Result<void> ParseLevel(const Setting& setting, const std::string& text, LogLevel* level);
Result<void> ParseFormat(const Setting& setting, const std::string& text, LogFormat* format);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_CONFIG_SETTING_PARSERS_H_

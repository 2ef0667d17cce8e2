#ifndef SHMETRICS_AGENT_CONFIG_INI_FILE_H_
#define SHMETRICS_AGENT_CONFIG_INI_FILE_H_

#include "agent/config/settings.h"
#include "client-lib/config/ini_reader.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// Reads the keys of AllSettings(), and the users of [web.users], from an ini file. Everything unknown, wrong
/// or said twice is an error that names file, line and key, and never a password's hash. [Audio-Quota] is
/// passed over: ReadAudioConfig(), which the workers use too, reads it.
Result<PartialConfig> ReadIniFile(const config::IniFile& file);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_CONFIG_INI_FILE_H_

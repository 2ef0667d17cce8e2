#include "client-lib/config/config_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <string_view>

#include "client-lib/config/environment.h"

namespace shmetrics::config {

std::optional<std::string> ConfigFile(const std::string& default_file) {
  if (const std::string_view named = Environment(kConfigFileVariable); !named.empty())
    return std::string(named);
  // lstat: somebody has made a link, even if it leads to nothing. A file that may not be looked at (EACCES)
  // may be there.
  struct stat file {};
  if (lstat(default_file.c_str(), &file) != 0 && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  return default_file;
}

}  // namespace shmetrics::config

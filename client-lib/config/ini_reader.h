#ifndef SHMETRICS_CLIENT_LIB_CONFIG_INI_READER_H_
#define SHMETRICS_CLIENT_LIB_CONFIG_INI_READER_H_

// The one reader of ini files. Workers and the agent read the same file, so they must agree on what a line
// is.

#include <string>
#include <vector>

#include "client-lib/config/ini_text.h"

namespace shmetrics::config {

struct IniKey {
  std::string section;
  std::string name;
  std::string value;
  int line;
};

/// The keys of an ini file, in its order. Whether a key is right is for the callers to decide.
struct IniFile {
  std::string path;
  std::vector<IniKey> keys;
  /// The first line that is neither a [section], nor key = value, nor a comment; 0 if there is none. Keys
  /// below it are in `keys` too.
  int bad_line = 0;
  /// Each [section] once for each time that it stands there, also without keys.
  std::vector<IniSection> sections;
  /// Why the file could not be read, or where its text is not one that inih reads rightly: one line, which
  /// names the file, and the line and the key if there are such. Then there are no keys.
  std::string error;
  /// The file ends within a line, as one does that is still being written.
  bool ends_within_a_line = false;

  /// The message of an error: one line, which names file and line and says `what` is wrong.
  std::string ErrorAt(int line, const std::string& what) const {
    return path + ": line " + std::to_string(line) + ": " + what;
  }
  /// The message for `bad_line`.
  std::string BadLineError() const {
    return ErrorAt(bad_line, "is neither a [section], nor key = value, nor a comment");
  }
};

/// Reads the file. Throws nothing but std::bad_alloc.
///
/// Thread-safe, but not under a lock of ForkGuard. In an application that uses inih in another thread, that
/// thread may find inih's settings changed for this moment.
IniFile ReadIni(const std::string& path);

}  // namespace shmetrics::config

#endif  // SHMETRICS_CLIENT_LIB_CONFIG_INI_READER_H_

#ifndef SHMETRICS_CLIENT_LIB_CONFIG_INI_READER_H_
#define SHMETRICS_CLIENT_LIB_CONFIG_INI_READER_H_

// The one reader of ini files. Workers and the agent read the same file, so they must agree on what a line
// is.

#include <string>
#include <vector>

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
  /// Why the file could not be opened: one line, which names the file. Empty if it could.
  std::string open_error;
  /// Why the file could not be read to its end: one line, which names the file. Empty if it could.
  std::string read_error;

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

#ifndef SHMETRICS_CLIENT_LIB_AUDIO_INI_READER_H_
#define SHMETRICS_CLIENT_LIB_AUDIO_INI_READER_H_

// The one reader of ini files. Workers and the agent read the same file, so they must agree on what a line is.

#include <string>
#include <vector>

namespace shmetrics::audio {

struct IniKey {
  std::string section;
  std::string name;
  std::string value;
  int line;
};

/// What an ini file says, in its order. Who understands a key decides whether it is right.
struct IniFile {
  std::string path;
  std::vector<IniKey> keys;
  /// The first line that is neither a [section], nor key = value, nor a comment; 0 if there is none. Keys below it are in
  /// `keys` too.
  int bad_line = 0;
  /// If the file could not be opened, why: one line, which names the file. Else empty.
  std::string open_error;
  /// If the file could not be read to its end, why: one line, which names the file. Else empty.
  std::string read_error;

  /// The error that `line` deserves for `what`: one line, which names file and line.
  std::string ErrorAt(int line, const std::string& what) const {
    return path + ": line " + std::to_string(line) + ": " + what;
  }
  /// The error of `bad_line`.
  std::string BadLineError() const {
    return ErrorAt(bad_line, "is neither a [section], nor key = value, nor a comment");
  }
};

/// Reads the file. Throws nothing but std::bad_alloc.
///
/// Thread-safe, but not under a lock of ForkGuard. In an application that uses inih in another thread, that thread may
/// find inih's settings changed for this moment.
IniFile ReadIni(const std::string& path);

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_AUDIO_INI_READER_H_

#include "client-lib/config/ini_reader.h"

#include <ini.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <new>
#include <string_view>
#include <utility>

#include "client-lib/config/regular_file.h"
#include "shm/base/fork_guard.h"
#include "shm/result.h"

namespace shmetrics::config {
namespace {

// With a byte order mark, the line end and the terminating zero.
constexpr int kMaxLineBytes = static_cast<int>(kMostIniLineBytes) + 3 + 2 + 1;

/// Sets inih's options, which are global variables. Puts the former ones back, because the application may
/// use inih too. (With the defaults, an indented key would belong to the value above it, lines would be cut at
/// 200 bytes, and values before a comment.)
class IniOptions {
 public:
  IniOptions() : former_(Apply({false, false, false, kMaxLineBytes, kMaxLineBytes, false, false})) {}
  ~IniOptions() { Apply(former_); }
  IniOptions(const IniOptions&) = delete;
  IniOptions& operator=(const IniOptions&) = delete;

 private:
  struct Values {
    bool allow_multiline, use_stack, allow_inline_comments;
    int initial_alloc, max_line;
    bool stop_on_first_error, allow_no_value;
  };
  /// Returns the former values.
  static Values Apply(const Values& next) {
    return {std::exchange(ini_allow_multiline, next.allow_multiline),
            std::exchange(ini_use_stack, next.use_stack),
            std::exchange(ini_allow_inline_comments, next.allow_inline_comments),
            std::exchange(ini_initial_alloc, next.initial_alloc),
            std::exchange(ini_max_line, next.max_line),
            std::exchange(ini_stop_on_first_error, next.stop_on_first_error),
            std::exchange(ini_allow_no_value, next.allow_no_value)};
  }

  /// Two threads must not put back each other's options. It stands first, so that it is held for both
  /// exchanges.
  const shm::ForkGuard::Lock lock_;
  const Values former_;
};

/// One pass over one text. inih asks for each line and calls back for each key.
struct Pass {
  std::string_view rest;
  IniFile* file;
  int line = 0;
  bool has_memory = true;
};

/// As fgets(). The text has been checked: every line fits.
char* ReadLine(char* line, int size, void* stream) {
  auto* const pass = static_cast<Pass*>(stream);
  if (pass->rest.empty()) return nullptr;
  const std::size_t end = std::min(pass->rest.find('\n'), pass->rest.size() - 1) + 1;
  const std::size_t taken = pass->rest.copy(line, std::min(end, static_cast<std::size_t>(size) - 1));
  line[taken] = '\0';
  pass->rest.remove_prefix(taken);
  ++pass->line;
  return line;
}

/// Throws nothing: an exception must not pass through inih, which is C.
int KeepKey(void* user, const char* section, const char* name, const char* value) noexcept {
  auto* const pass = static_cast<Pass*>(user);
  try {
    pass->file->keys.push_back({section, name, value, pass->line});
  } catch (const std::exception&) {
    pass->has_memory = false;
  }
  return 1;
}

}  // namespace

IniFile ReadIni(const std::string& path) {
  IniFile file;
  file.path = path;
  const Result<std::string> text = ReadRegularFile(path);
  if (!text.ok()) {
    file.error = text.error().message;
    return file;
  }
  if (const auto wrong = CheckIniText(text.value(), &file.sections)) {
    file.error = file.ErrorAt(wrong->line, wrong->what);
    return file;
  }
  file.ends_within_a_line = !text->empty() && !text->ends_with('\n');
  Pass pass{text.value(), &file};
  {
    const IniOptions options;
    file.bad_line = ini_parse_stream(ReadLine, &pass, KeepKey, &pass);
  }
  if (file.bad_line < 0 || !pass.has_memory) throw std::bad_alloc();  // the former: inih had none for a line
  return file;
}

}  // namespace shmetrics::config

#include "client-lib/config/ini_reader.h"

#include <fcntl.h>
#include <ini.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "shm/base/fork_guard.h"
#include "shm/base/open_file.h"
#include "shm/base/unique_fd.h"

namespace shmetrics::config {
namespace {

constexpr int kMaxLineBytes = 65536;

/// Sets inih's options, which are global variables. Puts the former ones back, because the application may
/// use inih too. (With the defaults, an indented key would belong to the value above it, and lines would be
/// cut at 200 bytes.)
class IniOptions {
 public:
  IniOptions() : former_(Apply({false, false, true, kMaxLineBytes, kMaxLineBytes, false, false})) {}
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

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

/// One pass over one file. inih asks for each line and calls back for each key.
struct Pass {
  std::FILE* stream;
  IniFile* file;
  int line = 0;
  int read_errno = 0;
  bool has_memory = true;
};

char* ReadLine(char* line, int size, void* stream) {
  auto* const pass = static_cast<Pass*>(stream);
  char* const read = std::fgets(line, size, pass->stream);
  pass->read_errno = errno;
  if (read != nullptr) ++pass->line;
  return read;
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
  // A child would inherit the file that is being read. Only a regular file, because a pipe may keep this
  // thread waiting, and with it every fork().
  struct stat status {};
  std::optional<shm::ForkGuard::NoFork> no_fork;
  if (stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode)) no_fork.emplace();
  // Never as descriptor 0, 1 or 2: a thread that reads its standard input would get a part of the file.
  shm::UniqueFd fd = shm::OpenFile(path.c_str(), O_RDONLY);
  const std::unique_ptr<std::FILE, FileCloser> stream(fd.valid() ? fdopen(fd.get(), "r") : nullptr);
  if (stream == nullptr) {
    if (errno == ENOMEM) throw std::bad_alloc();
    file.open_error = path + ": could not be opened: " + std::strerror(errno);
    return file;
  }
  fd.Release();  // the stream closes it
  Pass pass{stream.get(), &file};
  {
    const IniOptions options;
    file.bad_line = ini_parse_stream(ReadLine, &pass, KeepKey, &pass);
  }
  if (file.bad_line < 0 || !pass.has_memory) throw std::bad_alloc();  // the former: inih had none for a line
  if (std::ferror(stream.get()) != 0) {
    file.read_error = path + ": could not be read: " + std::strerror(pass.read_errno);
  }
  return file;
}

}  // namespace shmetrics::config

#include "shm/base/task_state.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "shm/base/fork_guard.h"
#include "shm/base/open_file.h"

namespace shmetrics::shm {
namespace {

/// False if /proc shows another PID namespace. A number there would be somebody else.
bool IsProcOfThisNamespace() {
  char own[16] = {};
  return readlink("/proc/self", own, sizeof own - 1) > 0 && std::atoi(own) == getpid();
}

}  // namespace

char TaskState(std::uint32_t id) {
  if (id == 0 || !IsProcOfThisNamespace()) return 0;
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%u/stat", id);
  const ForkGuard::NoFork no_fork;  // while the file is open
  if (!no_fork.held()) return 0;
  const UniqueFd file = OpenFile(path, O_RDONLY);
  if (!file.valid()) return 0;
  no_fork.CloseInChild(file.get());
  char text[128];
  const ssize_t length = read(file.get(), text, sizeof text);
  if (length <= 0) return 0;
  // The state comes after the name, which stands in brackets and may contain brackets.
  const std::string_view line(text, static_cast<std::size_t>(length));
  const std::size_t end = line.rfind(") ");
  return end == std::string_view::npos || end + 2 >= line.size() ? '\0' : line[end + 2];
}

}  // namespace shmetrics::shm

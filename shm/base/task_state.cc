#include "shm/base/task_state.h"

#include <cstdio>
#include <optional>
#include <string_view>

#include "shm/base/proc_file.h"

namespace shmetrics::shm {

char TaskState(std::uint32_t id) {
  if (id == 0 || !IsProcOfThisNamespace()) return 0;
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%u/stat", id);
  char text[128];
  const std::optional<std::string_view> line = ReadProcFile(path, text);
  if (!line) return 0;
  // The state comes after the name, which stands in brackets and may contain brackets.
  const std::size_t end = line->rfind(") ");
  return end == std::string_view::npos || end + 2 >= line->size() ? '\0' : (*line)[end + 2];
}

}  // namespace shmetrics::shm

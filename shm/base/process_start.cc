#include "shm/base/process_start.h"

#include <charconv>
#include <cstddef>
#include <cstdio>
#include <string_view>

#include "shm/base/proc_file.h"

namespace shmetrics::shm {
namespace {

struct Stat {
  std::uint64_t start_ticks = 0;
  std::uint64_t memory_bytes = 0;
};

/// Fields 22 and 23 of a stat file. They are counted from the last parenthesis, because the command may
/// contain spaces. All 0 if the file cannot be read.
Stat ReadStat(const char* path) {
  char buffer[1024];
  const std::string_view text = ReadProcFile(path, buffer).value_or("");
  std::size_t at = text.rfind(')');
  for (int field = 2; field < 22 && at != std::string_view::npos; field++) at = text.find(' ', at + 1);
  if (at == std::string_view::npos) return {};
  Stat stat;
  const char* const end = text.data() + text.size();
  const auto [next, error] = std::from_chars(text.data() + at + 1, end, stat.start_ticks);
  if (error != std::errc() || next == end) return {};
  std::from_chars(next + 1, end, stat.memory_bytes);
  return stat;
}

}  // namespace

std::uint64_t OwnStartTicks() { return ReadStat("/proc/self/stat").start_ticks; }

bool IsProcessOf(std::uint32_t pid, std::uint64_t start_ticks) {
  if (pid == 0 || start_ticks == 0 || !IsProcOfThisNamespace()) return false;
  char path[32];
  std::snprintf(path, sizeof path, "/proc/%u/stat", pid);
  const Stat stat = ReadStat(path);
  return stat.start_ticks == start_ticks && stat.memory_bytes > 0;
}

}  // namespace shmetrics::shm

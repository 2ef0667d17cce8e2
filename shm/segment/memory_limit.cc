#include "shm/segment/memory_limit.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "shm/base/proc_file.h"

namespace shmetrics::shm {
namespace {

/// A segment never takes these bytes: without them, the application's own next allocation would kill it.
constexpr std::uint64_t kLeftToTheProcess = 1U << 20U;

/// Where one hierarchy keeps its numbers.
struct Hierarchy {
  std::string mount_point;
  std::string group;  ///< the process's group, as a path below mount_point; "" for the top
  bool is_v2;
};

Error NotReadable(const std::string& path) {
  return Error{ErrorCode::kUnknown, "the memory limit of this process is not known, because " + path +
                                        " cannot be read: " + std::strerror(errno)};
}

/// The text of a file; kUnknown if it cannot be read.
Result<std::string> ReadText(const std::string& path) {
  std::optional<std::string> text = ReadWholeProcFile(path.c_str());
  if (!text) return NotReadable(path);
  return std::move(*text);
}

/// Removes the front of `text` up to the next `end`, and `end` itself. Returns it without `end`.
std::string_view Take(std::string_view* text, char end) {
  const std::string_view front = text->substr(0, text->find(end));
  text->remove_prefix(std::min(front.size() + 1, text->size()));
  return front;
}

std::optional<std::uint64_t> NumberIn(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failed == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

/// The number in a file; UINT64_MAX for "max", which is no limit.
Result<std::uint64_t> ReadNumber(const std::string& path) {
  const Result<std::string> text = ReadText(path);
  if (!text.ok()) return text.error();
  std::string_view rest = text.value();
  const std::string_view line = Take(&rest, '\n');
  if (line == "max") return UINT64_MAX;
  if (const std::optional<std::uint64_t> number = NumberIn(line)) return *number;
  errno = EINVAL;
  return NotReadable(path);
}

/// Page cache, which the kernel drops before it kills. 0 if that is not known: then the headroom is smaller.
std::uint64_t ReclaimableBytes(const std::string& folder, bool is_v2) {
  const std::string text = ReadWholeProcFile((folder + "/memory.stat").c_str()).value_or("");
  std::uint64_t total = 0;
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = Take(&rest, '\n');
    const std::string_view key = Take(&line, ' ');
    if (key == (is_v2 ? "active_file" : "total_active_file") ||
        key == (is_v2 ? "inactive_file" : "total_inactive_file")) {
      total += NumberIn(line).value_or(0);
    }
  }
  return total;
}

Result<std::uint64_t> HeadroomOf(const std::string& folder, bool is_v2) {
  const std::string limit_file = folder + (is_v2 ? "/memory.max" : "/memory.limit_in_bytes");
  // The top of a hierarchy has no such file, and no group has one that does not control memory.
  if (access(limit_file.c_str(), F_OK) != 0 && errno == ENOENT && access(folder.c_str(), F_OK) == 0) {
    return UINT64_MAX;
  }
  Result<std::uint64_t> limit = ReadNumber(limit_file);
  if (!limit.ok() || limit.value() == UINT64_MAX) return limit;
  Result<std::uint64_t> usage = ReadNumber(folder + (is_v2 ? "/memory.current" : "/memory.usage_in_bytes"));
  if (!usage.ok()) return usage;
  const std::uint64_t reclaimable = ReclaimableBytes(folder, is_v2);
  const std::uint64_t taken = usage.value() > reclaimable ? usage.value() - reclaimable : 0;
  return limit.value() > taken ? limit.value() - taken : 0;
}

/// True if a list such as "cpu,memory" contains the memory controller.
bool ListsMemory(std::string_view list) {
  const std::string padded = std::string(",").append(list).append(",");
  return padded.find(",memory,") != std::string::npos;
}

/// The process's group in the hierarchy with the memory controller: "N:memory:/path" (v1) or "0::/path" (v2).
std::optional<std::string> FindGroup(std::string_view lines, bool is_v2) {
  while (!lines.empty()) {
    std::string_view line = Take(&lines, '\n');
    Take(&line, ':');
    if (line.find(':') == std::string_view::npos) continue;
    const std::string_view controllers = Take(&line, ':');
    if (is_v2 ? controllers.empty() : ListsMemory(controllers)) return std::string(line);
  }
  return std::nullopt;
}

/// Where mountinfo says that the hierarchy of `group` is mounted: "... root mount_point ... - type source
/// super_options". Nothing if it is mounted nowhere, or the group is outside of what is mounted.
std::optional<Hierarchy> FindHierarchy(std::string_view mounts, const std::string& group, bool is_v2) {
  while (!mounts.empty()) {
    std::string_view left = Take(&mounts, '\n');
    const std::size_t dash = left.find(" - ");
    if (dash == std::string_view::npos) continue;
    std::string_view right = left.substr(dash + 3);
    for (int skipped = 0; skipped < 3; skipped++) Take(&left, ' ');
    std::string root(Take(&left, ' '));
    const std::string mount_point(Take(&left, ' '));
    const std::string_view type = Take(&right, ' ');
    Take(&right, ' ');  // the source
    const std::string_view options = Take(&right, ' ');
    const bool matches = is_v2 ? type == "cgroup2" : type == "cgroup" && ListsMemory(options);
    if (!matches) continue;
    // In a container the mount shows a subtree, but the group's path begins above it.
    if (root == "/") root.clear();
    const std::string below = group == "/" ? "" : group;
    if (below == root || below.starts_with(root + "/"))
      return Hierarchy{mount_point, below.substr(root.size()), is_v2};
  }
  return std::nullopt;
}

/// True in the host's namespace of control groups, where "/" is the top. Its inode number is part of the
/// kernel's interface.
bool SeesAllGroups() {
  constexpr ino_t kHostsNamespace = 0xEFFF'FFFB;
  struct stat status;
  return stat("/proc/self/ns/cgroup", &status) == 0 && status.st_ino == kHostsNamespace;
}

Error NotMounted(const std::string& group) {
  return Error{ErrorCode::kUnknown,
               "the memory limit of this process is not known, because its control group " + group +
                   " is not mounted here; mount the hierarchy, as a rule at "
                   "/sys/fs/cgroup"};
}

}  // namespace

Result<std::uint64_t> MemoryHeadroom() {
  const char* const groups_file = "/proc/self/cgroup";
  // A kernel without control groups has no such file. Without /proc nothing is known.
  if (access(groups_file, F_OK) != 0 && errno == ENOENT && access("/proc/self/stat", F_OK) == 0) {
    return UINT64_MAX;
  }
  const Result<std::string> groups = ReadText(groups_file);
  if (!groups.ok()) return groups.error();
  const Result<std::string> mounts = ReadText("/proc/self/mountinfo");
  if (!mounts.ok()) return mounts.error();
  // A controller belongs to one hierarchy: if a line of version 1 names it, version 2 does not have it.
  std::optional<std::string> own = FindGroup(groups.value(), false);
  const bool is_v2 = !own;
  if (is_v2) own = FindGroup(groups.value(), true);
  // No hierarchy has it, or this group is its top, which has no limit.
  if (!own || (*own == "/" && SeesAllGroups())) return UINT64_MAX;
  // A group outside of this namespace (its path begins with "/..") is as unknown as one whose hierarchy is
  // not mounted: both may have a limit, and past it the kernel kills.
  const std::optional<Hierarchy> hierarchy =
      own->starts_with("/..") ? std::nullopt : FindHierarchy(mounts.value(), *own, is_v2);
  if (!hierarchy) return NotMounted(*own);
  std::uint64_t headroom = UINT64_MAX;
  for (std::string group = hierarchy->group;; group.erase(group.rfind('/'))) {
    Result<std::uint64_t> of_group = HeadroomOf(hierarchy->mount_point + group, is_v2);
    if (!of_group.ok()) return of_group;
    headroom = std::min(headroom, of_group.value());
    if (group.find('/') == std::string::npos) break;
  }
  return headroom;
}

Result<void> CommitPages(char* begin, std::uint64_t bytes) {
  const Result<std::uint64_t> headroom = MemoryHeadroom();
  if (!headroom.ok()) return headroom.error();
  if (headroom.value() < bytes + kLeftToTheProcess) {
    return Error{ErrorCode::kOutOfMemory,
                 "the memory limit of this control group leaves " + std::to_string(headroom.value()) +
                     " bytes, the segment needs " + std::to_string(bytes) + " and leaves " +
                     std::to_string(kLeftToTheProcess) + " to the process; raise the limit"};
  }
  // The segment is laid out in 4 KiB, the kernel wants whole pages of its own, which elsewhere have 16 or 64.
  const std::uint64_t before =
      reinterpret_cast<std::uintptr_t>(begin) % static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  int result = 0;
  do {
    result = madvise(begin - before, bytes + before, MADV_POPULATE_WRITE);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return {};
  // EFAULT means that a touch would have raised SIGBUS: the tmpfs is full.
  const char* why = errno == EFAULT   ? "the file system is full"
                    : errno == EINVAL ? "the kernel is older than Linux 5.14"
                                      : std::strerror(errno);
  return Error{ErrorCode::kOutOfMemory,
               "cannot commit " + std::to_string(bytes) + " bytes of the segment: " + why};
}

}  // namespace shmetrics::shm

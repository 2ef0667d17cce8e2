#include "shm/segment/memory_limit.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

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

/// The lines of a file; kUnknown if it cannot be read.
Result<std::vector<std::string>> ReadLines(const std::string& path) {
  const std::optional<std::string> text = ReadWholeProcFile(path.c_str());
  if (!text) return NotReadable(path);
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    lines.push_back(text->substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

/// The number in a file; UINT64_MAX for "max", which is no limit.
Result<std::uint64_t> ReadNumber(const std::string& path) {
  const Result<std::vector<std::string>> lines = ReadLines(path);
  if (!lines.ok()) return lines.error();
  std::uint64_t number = UINT64_MAX;
  if (!lines->empty()) std::istringstream(lines->front()) >> number;
  return lines->empty() || lines->front() == "max" ? UINT64_MAX : number;
}

/// Page cache, which the kernel drops before it kills. 0 if that is not known: then the headroom is smaller.
std::uint64_t ReclaimableBytes(const std::string& folder, bool is_v2) {
  std::istringstream file(ReadWholeProcFile((folder + "/memory.stat").c_str()).value_or(""));
  std::uint64_t total = 0;
  std::string key;
  std::uint64_t value = 0;
  while (file >> key >> value) {
    if (key == (is_v2 ? "active_file" : "total_active_file") ||
        key == (is_v2 ? "inactive_file" : "total_inactive_file")) {
      total += value;
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
std::optional<std::string> FindGroup(const std::vector<std::string>& lines, bool is_v2) {
  for (const std::string& line : lines) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (is_v2 ? controllers.empty() : ListsMemory(controllers)) return line.substr(second + 1);
  }
  return std::nullopt;
}

/// Where mountinfo says that the hierarchy of `group` is mounted: "... root mount_point ... - type source
/// super_options". Nothing if it is mounted nowhere, or the group is outside of what is mounted.
std::optional<Hierarchy> FindHierarchy(const std::vector<std::string>& mounts, const std::string& group,
                                       bool is_v2) {
  for (const std::string& line : mounts) {
    const std::size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream left(line);
    std::istringstream right(line.substr(dash + 3));
    std::string skipped, root, mount_point, type, source, options;
    left >> skipped >> skipped >> skipped >> root >> mount_point;
    right >> type >> source >> options;
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
  const Result<std::vector<std::string>> groups = ReadLines(groups_file);
  if (!groups.ok()) return groups.error();
  const Result<std::vector<std::string>> mounts = ReadLines("/proc/self/mountinfo");
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

#include "shm/segment/segment_path.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "shm/layout/layout.h"

namespace shmetrics::shm {
namespace {

std::string PrivateFolder() { return kPrivateFolderPrefix + std::to_string(geteuid()); }

}  // namespace

std::string FolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string DefaultSegmentPath() {
  const std::string name = "/default.v" + std::to_string(kLayoutMajor);
  struct stat status;
  if (stat(kSharedFolder, &status) == 0 && S_ISDIR(status.st_mode)) return kSharedFolder + name;
  return PrivateFolder() + name;
}

Result<void> CheckFolder(const std::string& path) {
  const std::string folder = FolderOf(path);
  struct stat status;
  if (folder != PrivateFolder() || lstat(folder.c_str(), &status) != 0) return {};
  if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid()) {
    return Error{ErrorCode::kForeignOwner, folder + " is not a folder of uid " + std::to_string(geteuid()) +
                                               " but of uid " + std::to_string(status.st_uid) +
                                               "; remove it"};
  }
  if ((status.st_mode & 0022) != 0) {
    return Error{ErrorCode::kUnsafeMode, "others may write to " + folder + "; set its mode to 0700"};
  }
  return {};
}

Result<void> PrepareFolder(const std::string& path) {
  const std::string folder = FolderOf(path);
  if (folder == PrivateFolder() && mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return Error{ErrorCode::kNotCreatable, "cannot make the folder " + folder + ": " + std::strerror(errno)};
  }
  struct stat status;
  if (lstat(folder.c_str(), &status) != 0) {
    return Error{ErrorCode::kNotCreatable, "no folder " + folder + " for the segment (" +
                                               std::strerror(errno) + "); make it, or set another path"};
  }
  return CheckFolder(path);
}

}  // namespace shmetrics::shm

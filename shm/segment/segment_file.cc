#include "shm/segment/segment_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "shm/base/open_file.h"
#include "shm/segment/refusal.h"
#include "shm/segment/segment_path.h"

namespace shmetrics::shm {
namespace {

Result<void> CheckStatus(const std::string& path, const struct stat& file, uid_t trusted_owner) {
  if (!S_ISREG(file.st_mode)) return SegmentRefused(ErrorCode::kNotRegular, path, "it is not a regular file");
  struct stat folder;
  if (stat(FolderOf(path).c_str(), &folder) != 0) {
    return SegmentRefused(ErrorCode::kNotOpenable, path,
                          std::string("its folder cannot be read: ") + std::strerror(errno));
  }
  if (!IsTrustedOwner(file, folder, trusted_owner)) {
    return SegmentRefused(ErrorCode::kForeignOwner, path,
                          "it belongs to uid " + std::to_string(file.st_uid) +
                              ", which is neither this user (" + std::to_string(geteuid()) +
                              "), root nor the owner of its folder; remove it or trust that owner");
  }
  if ((file.st_mode & 0007) != 0) {
    return SegmentRefused(ErrorCode::kUnsafeMode, path,
                          "the world has access to it; set its mode to 0600 or 0660");
  }
  if (file.st_nlink == 0)
    return Error{ErrorCode::kAbsent, "segment " + path + " was removed while it was opened"};
  if (file.st_nlink != 1) {
    return SegmentRefused(
        ErrorCode::kHardLinked, path,
        "it has " + std::to_string(file.st_nlink) + " names (hard links); remove the others");
  }
  return {};
}

constexpr mode_t kMark = S_ISGID | S_IXGRP;
bool HasMark(const struct stat& file) { return (file.st_mode & kMark) == kMark; }

/// A folder of group 0. OpenShift gives each container a uid of its own and this group.
bool IsOfGroup0(const struct stat& folder) {
  return folder.st_gid == 0 && (folder.st_mode & (S_IWGRP | S_IWOTH)) == S_IWGRP;
}

/// True if the folder's group says who is trusted. (A group other than 0 only if the folder is set-group-id:
/// the group may have the right to write there for another reason.)
bool IsOfAGroup(const struct stat& folder) { return (folder.st_mode & S_ISGID) != 0 || IsOfGroup0(folder); }

/// True if the group alone does not tell a member's file from a stranger's.
bool NeedsMark(const struct stat& folder) { return !IsOfGroup0(folder) && (folder.st_mode & S_IRWXO) != 0; }

/// Gives a new file the rights that its folder asks for.
Result<void> SetRights(const UniqueFd& file, const std::string& path, const struct stat& folder) {
  const mode_t shared = NeedsMark(folder) ? kMark | 0660 : 0660;
  // A new file is of the folder's group only in a set-group-id folder. A stranger may not give it to that
  // group, and the kernel takes the mark from a stranger.
  struct stat status {};
  const bool is_shared = IsOfAGroup(folder) &&
                         fchown(file.get(), static_cast<uid_t>(-1), folder.st_gid) == 0 &&
                         fchmod(file.get(), shared) == 0 && fstat(file.get(), &status) == 0 &&
                         (!NeedsMark(folder) || HasMark(status));
  if (is_shared) return {};
  if (IsOfAGroup(folder) && (folder.st_mode & S_IWOTH) != 0) {
    return Error{ErrorCode::kNotCreatable, "cannot make a segment in " + FolderOf(path) +
                                               ": this process (uid " + std::to_string(geteuid()) +
                                               ") is not in the group " + std::to_string(folder.st_gid) +
                                               " of that folder; add it to the group, or set another path"};
  }
  if (fchmod(file.get(), 0600) == 0) return {};
  return Error{ErrorCode::kNotCreatable,
               "cannot make a segment in " + FolderOf(path) + ": " + std::strerror(errno)};
}

Error ExplainOpenFailure(const std::string& path, int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return Error{ErrorCode::kAbsent, "no segment at " + path};
    case ELOOP:
      return SegmentRefused(ErrorCode::kSymlink, path, "it is a symbolic link; name the file itself");
    case EISDIR:
    case ENXIO:
    case ENODEV:
      return SegmentRefused(ErrorCode::kNotRegular, path, "it is not a regular file");
    default:
      return SegmentRefused(ErrorCode::kNotOpenable, path, std::strerror(error));
  }
}

}  // namespace

bool IsTrustedOwner(const struct stat& file, const struct stat& folder, uid_t trusted_owner) {
  const uid_t owner = file.st_uid;
  if (owner == geteuid() || owner == 0 || owner == folder.st_uid || owner == trusted_owner) return true;
  return IsOfAGroup(folder) && file.st_gid == folder.st_gid && (!NeedsMark(folder) || HasMark(file));
}

Result<SegmentFile> OpenSegmentFile(const std::string& path, bool for_writing, uid_t trusted_owner) {
  // O_NONBLOCK: opening a pipe that somebody put there must not wait for its other end.
  const int flags = (for_writing ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK;
  SegmentFile file{OpenFile(path.c_str(), flags), {}};
  if (!file.fd.valid()) return ExplainOpenFailure(path, errno);
  if (fstat(file.fd.get(), &file.status) != 0) return ExplainOpenFailure(path, errno);
  if (Result<void> checked = CheckStatus(path, file.status, trusted_owner); !checked.ok())
    return checked.error();
  return file;
}

UniqueFd ReopenSegmentFile(const char* path, const FileIdentity& identity, int access) {
  UniqueFd file = OpenFile(path, access | O_NOFOLLOW | O_NONBLOCK);
  if (!file.valid() || IdentityOf(file.get()) == identity) return file;
  errno = ESTALE;
  return UniqueFd();
}

Result<UniqueFd> MakeUnnamedFile(const std::string& path, std::uint64_t bytes) {
  const std::string folder = FolderOf(path);
  // Past this limit ftruncate() raises SIGXFSZ, which would end the application.
  rlimit file_size{};
  if (getrlimit(RLIMIT_FSIZE, &file_size) == 0 && file_size.rlim_cur < bytes) {
    return Error{ErrorCode::kNotCreatable, "cannot make a segment of " + std::to_string(bytes) +
                                               " bytes in " + folder +
                                               ": the limit on file sizes (ulimit -f) is " +
                                               std::to_string(file_size.rlim_cur) + " bytes"};
  }
  UniqueFd file = OpenFile(folder.c_str(), O_TMPFILE | O_RDWR, 0600);
  if (!file.valid()) {
    return Error{ErrorCode::kNotCreatable,
                 "cannot make a segment in " + folder + ": " + std::strerror(errno)};
  }
  struct stat status {};
  // The rights come last, because changing the size takes the group's mark away.
  if (ftruncate(file.get(), static_cast<off_t>(bytes)) != 0 || stat(folder.c_str(), &status) != 0) {
    return Error{ErrorCode::kNotCreatable, "cannot make a segment of " + std::to_string(bytes) +
                                               " bytes in " + folder + ": " + std::strerror(errno)};
  }
  if (Result<void> set = SetRights(file, path, status); !set.ok()) return set.error();
  return file;
}

Result<bool> GiveName(const UniqueFd& file, const std::string& path) {
  const std::string descriptor = "/proc/self/fd/" + std::to_string(file.get());
  if (linkat(AT_FDCWD, descriptor.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) == 0) return true;
  if (errno == EEXIST) return false;
  return Error{ErrorCode::kNotCreatable, "cannot name the segment " + path + ": " + std::strerror(errno)};
}

}  // namespace shmetrics::shm

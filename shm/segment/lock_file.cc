#include "shm/segment/lock_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>

#include "shm/base/fork_guard.h"
#include "shm/segment/segment.h"
#include "shm/segment/segment_file.h"

namespace shmetrics::shm {
namespace {

std::string PathOf(const Segment& segment) { return segment.path() + ".lock"; }

Error CannotUse(const Segment& segment, const std::string& why) {
  return Error{ErrorCode::kNotOpenable,
               "cannot use lock file " + PathOf(segment) +
                   ", which leases need where PID namespaces share a segment: " + why};
}

// Makes the lock file, with the mode that a segment in this folder has:
//   1 make a file without a name, set its mode    die here -> the kernel frees it
//   2 linkat                                      die here -> a lock file that others can use
// If several processes make it at the same time, one wins, and the others open its file.
Result<UniqueFd> OpenOrMake(const std::string& path, uid_t trusted_owner) {
  Result<SegmentFile> opened = OpenSegmentFile(path, true, trusted_owner);
  if (!opened.ok() && opened.error().code == ErrorCode::kAbsent) {
    const Result<UniqueFd> made = MakeUnnamedFile(path, 0);
    if (!made.ok()) return made.error();
    if (const Result<bool> named = GiveName(made.value(), path); !named.ok()) return named.error();
    opened = OpenSegmentFile(path, true, trusted_owner);
  }
  if (!opened.ok()) return opened.error();
  return std::move(opened->fd);
}

struct flock LockOf(short type, std::uint32_t byte) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  return lock;
}

}  // namespace

/// The application may have closed the descriptor, and its number may be another file's.
bool LockFile::IsOurs() const { return file_.valid() && IdentityOf(file_.get()) == identity_; }

Result<void> LockFile::Open(const Segment& segment) {
  if (!IsOurs()) file_.Release();
  struct stat status;
  if (segment.IsAtItsPath()) {
    if (file_.valid() && lstat(PathOf(segment).c_str(), &status) == 0 &&
        FileIdentity{status.st_dev, status.st_ino} == identity_)
      return {};
    return OpenByPath(segment);
  }
  if (!file_.valid()) {
    return CannotUse(segment, "the segment's path is out of reach, and the lock file was not opened before");
  }
  // The others have made another one.
  if (fstat(file_.get(), &status) != 0 || status.st_nlink == 0)
    return CannotUse(segment, "it was removed, and the segment's path is out of reach");
  return {};
}

Result<void> LockFile::OpenByPath(const Segment& segment) {
  const ForkGuard::NoFork no_fork;  // while it is opened
  if (!no_fork.held()) {
    return Error{ErrorCode::kBusy, "the lock file of segment " + segment.path() +
                                       " was not opened, because " + no_fork.why_not_held() + "; ask again"};
  }
  struct stat owned;
  if (fstat(segment.probe_fd(), &owned) != 0)
    return CannotUse(segment, "the segment's owner cannot be asked for");
  Result<UniqueFd> opened = OpenOrMake(PathOf(segment), owned.st_uid);
  if (!opened.ok()) return CannotUse(segment, opened.error().message);
  no_fork.CloseInChild(opened->get());
  const std::optional<FileIdentity> identity = IdentityOf(opened->get());
  if (!identity) return CannotUse(segment, "its descriptor was closed");
  file_ = std::move(opened.value());
  identity_ = *identity;
  return {};
}

bool LockFile::TryLock(std::uint32_t byte) {
  struct flock lock = LockOf(F_WRLCK, byte);
  return fcntl(file_.get(), F_SETLK, &lock) == 0;
}

pid_t LockFile::HolderOf(std::uint32_t byte) const {
  struct flock lock = LockOf(F_WRLCK, byte);
  const bool is_held = fcntl(file_.get(), F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  return is_held ? lock.l_pid : 0;
}

void LockFile::Unlock(std::uint32_t byte) {
  if (!IsOurs()) return;
  struct flock lock = LockOf(F_UNLCK, byte);
  fcntl(file_.get(), F_SETLK, &lock);
}

}  // namespace shmetrics::shm

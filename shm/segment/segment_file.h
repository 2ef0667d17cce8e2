#ifndef SHMETRICS_SHM_SEGMENT_SEGMENT_FILE_H_
#define SHMETRICS_SHM_SEGMENT_SEGMENT_FILE_H_

// The file of a segment: who may own it, how it is opened and how it gets its name. Knows nothing of its
// contents.

#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "shm/base/unique_fd.h"
#include "shm/result.h"
#include "shm/segment/kept_file.h"

namespace shmetrics::shm {

struct SegmentFile {
  UniqueFd fd;
  struct stat status;
};

/// True if the file's owner is trusted: this user, root, the folder's owner, or `trusted_owner`. So that workers of
/// several users can share one file, any owner is trusted in these folders, if the file is of the folder's group:
///  - a set-group-id folder that the world has no access to;
///  - a folder of group 0 that the group may write to and the world may not, as OpenShift mounts them;
///  - any set-group-id folder, as Kubernetes mounts them for fsGroup (2777), if the file has the group's mark.
/// In the first two, only the folder's owner and members of its group can put a file there. In the last
/// anybody can, and the file is then of the folder's group too. The group's mark is that the file is
/// set-group-id and its group may execute it: the kernel takes the first from whoever is not in the group,
/// whether they make the file so or change it later. Nobody is meant to execute the file, and it would give
/// the members of the group no right that they lack.
bool IsTrustedOwner(const struct stat& file, const struct stat& folder, uid_t trusted_owner);

/// Opens the file at `path`, following no symbolic link, and refuses one that a stranger could have put there
/// or could write to: kAbsent, kSymlink, kNotRegular, kForeignOwner, kUnsafeMode, kHardLinked, kNotOpenable.
/// Accepted owners are those of IsTrustedOwner().
Result<SegmentFile> OpenSegmentFile(const std::string& path, bool for_writing, uid_t trusted_owner);

/// Opens the file again by its path, read-only or for reading and writing as `access` says (O_RDONLY,
/// O_RDWR). The descriptor gets a file description of its own. Not valid if another file has the name (errno
/// is then ESTALE) or on another failure, which errno tells. Does not allocate. The caller holds
/// ForkGuard::NoFork.
UniqueFd ReopenSegmentFile(const char* path, const FileIdentity& identity, int access);

/// Makes a file of `bytes` bytes, all holes, in the folder of `path`. It has no name yet, so it vanishes if
/// the process dies. Its mode, whatever the umask, is 0660 where the group says who is trusted, with the
/// group's mark (02670) where that needs one, and else 0600; see IsTrustedOwner(). 0600 also if this process
/// is not in the group. But if the world may write to the folder, that is an error: the workers of the group
/// could not use the file, nor take its name.
Result<UniqueFd> MakeUnnamedFile(const std::string& path, std::uint64_t bytes);

/// Gives the file its name. False if the name is taken: then another creator has won.
Result<bool> GiveName(const UniqueFd& file, const std::string& path);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SEGMENT_SEGMENT_FILE_H_

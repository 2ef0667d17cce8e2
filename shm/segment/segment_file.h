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

/// True if the file's owner is trusted: this user, root, the folder's owner, or `trusted_owner`. In a
/// set-group-id folder that the world has no access to, any owner is trusted if the file is of the folder's
/// group. There the group says who is trusted, so workers of several users can share one file.
bool IsTrustedOwner(const struct stat& file, const struct stat& folder, uid_t trusted_owner);

/// Opens the file at `path`, following no symbolic link, and refuses one that a stranger could have put there
/// or could write to: kAbsent, kSymlink, kNotRegular, kForeignOwner, kUnsafeMode, kHardLinked, kNotOpenable.
/// Accepted owners are those of IsTrustedOwner().
Result<SegmentFile> OpenSegmentFile(const std::string& path, bool for_writing, uid_t trusted_owner);

/// Opens the file again by its path, read-only or for reading and writing as `access` says (O_RDONLY, O_RDWR). The
/// descriptor gets a file description of its own. Not valid if another file has the name (errno is then ESTALE)
/// or on another failure, which errno tells. Does not allocate. The caller holds ForkGuard::NoFork.
UniqueFd ReopenSegmentFile(const char* path, const FileIdentity& identity, int access);

/// Makes a file of `bytes` bytes, all holes, in the folder of `path`. It has no name yet, so it vanishes if
/// the process dies. Mode 0660 in a set-group-id folder, else 0600, whatever the umask.
Result<UniqueFd> MakeUnnamedFile(const std::string& path, std::uint64_t bytes);

/// Gives the file its name. False if the name is taken: then another creator has won.
Result<bool> GiveName(const UniqueFd& file, const std::string& path);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SEGMENT_SEGMENT_FILE_H_

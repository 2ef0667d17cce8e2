#ifndef SHMETRICS_SHM_SEGMENT_SEGMENT_FILE_H_
#define SHMETRICS_SHM_SEGMENT_SEGMENT_FILE_H_

// The file of a segment: who may own it, how it is opened and how it gets its name. Knows nothing of its
// contents.

#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "shm/base/unique_fd.h"
#include "shm/result.h"

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

/// Makes a file of `bytes` bytes, all holes, in the folder of `path`. It has no name yet, so it vanishes if
/// the process dies. Mode 0660 in a set-group-id folder, else 0600, whatever the umask.
Result<UniqueFd> MakeUnnamedFile(const std::string& path, std::uint64_t bytes);

/// Gives the file its name. False if the name is taken: then another creator has won.
Result<bool> GiveName(const UniqueFd& file, const std::string& path);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SEGMENT_SEGMENT_FILE_H_

#ifndef SHMETRICS_SHM_SEGMENT_SEGMENT_FILE_H_
#define SHMETRICS_SHM_SEGMENT_SEGMENT_FILE_H_

// The file under a segment: who may own it, how it is opened and how it gets its name. Knows nothing of its
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

/// Whether whoever made a file in a folder may be believed: this user, root, the folder's owner, `trusted_owner`, and, in
/// a set-group-id folder without access for the world, whoever made a file of the folder's group: there the group says
/// who is trusted, and workers of several users share one file.
bool IsTrustedOwner(const struct stat& file, const struct stat& folder, uid_t trusted_owner);

/// Opens the file at `path`, following no symbolic link, and refuses one that a stranger could have put there
/// or could write to: kAbsent, kSymlink, kNotRegular, kForeignOwner, kUnsafeMode, kHardLinked, kNotOpenable.
/// Accepted owners are those of IsTrustedOwner().
Result<SegmentFile> OpenSegmentFile(const std::string& path, bool for_writing, uid_t trusted_owner);

/// Makes a file of `bytes` bytes, all holes, in the folder of `path`; it has no name yet, so it is gone with
/// the process. Mode 0660 in a set-group-id folder, else 0600, whatever the umask.
Result<UniqueFd> MakeUnnamedFile(const std::string& path, std::uint64_t bytes);

/// Gives the file its name. False if the name is taken, which is how one of several creators wins.
Result<bool> GiveName(const UniqueFd& file, const std::string& path);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SEGMENT_SEGMENT_FILE_H_

#ifndef SHMETRICS_SHM_SEGMENT_SEGMENT_PATH_H_
#define SHMETRICS_SHM_SEGMENT_SEGMENT_PATH_H_

#include <string>

#include "shm/result.h"

namespace shmetrics::shm {

/// Where workers and agents of several users meet, if it exists.
inline constexpr char kSharedFolder[] = "/run/shmetrics";
/// Each user's own folder in /dev/shm begins like this; the uid follows.
inline constexpr char kPrivateFolderPrefix[] = "/dev/shm/shmetrics-";

/// The path where workers and agent of this user meet if none is given. It is /run/shmetrics/default.v1 if
/// that folder exists, for workers and agent of different users in one group. Else it is
/// /dev/shm/shmetrics-UID/default.v1, for one user. The number is the layout's, so that two layouts can run
/// side by side.
std::string DefaultSegmentPath();

/// The folder part of a path; "." if it has none.
std::string FolderOf(const std::string& path);

/// Refuses `path` if it is in this user's folder in /dev/shm, and somebody else made that folder or may write
/// to it (kForeignOwner, kUnsafeMode). Anyone may have made a folder of that name first. A folder that does
/// not exist is accepted.
Result<void> CheckFolder(const std::string& path);

/// If `path` is in this user's folder in /dev/shm and that does not exist, makes it with mode 0700. The
/// administrator makes other folders: if one is missing, the error is kNotCreatable. Then checks as
/// CheckFolder does.
Result<void> PrepareFolder(const std::string& path);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SEGMENT_SEGMENT_PATH_H_

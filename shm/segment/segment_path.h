#ifndef SHMETRICS_SHM_SEGMENT_SEGMENT_PATH_H_
#define SHMETRICS_SHM_SEGMENT_SEGMENT_PATH_H_

#include <string>

#include "shm/result.h"

namespace shmetrics::shm {

/// Where workers and agent of this user meet when nothing else is said: $SHMETRICS_SEGMENT, else
/// /run/shmetrics/default.v1 where that folder exists (workers and agent of different users, one group), else
/// /dev/shm/shmetrics-UID/default.v1 (one user). The number is the layout's, so that two layouts can run side
/// by side. Set-user-id programs ignore the environment.
std::string DefaultSegmentPath();

/// The folder part of a path; "." if it has none.
std::string FolderOf(const std::string& path);

/// Refuses `path` if it is in the folder of this user in /dev/shm and somebody else made that folder or may
/// write to it (kForeignOwner, kUnsafeMode), because anybody can make a name there first. A folder that does
/// not exist is nobody's.
Result<void> CheckFolder(const std::string& path);

/// Makes the folder of this user in /dev/shm, if `path` is in it and it does not exist, with mode 0700. Other
/// folders are for the administrator to make: kNotCreatable. Then as CheckFolder.
Result<void> PrepareFolder(const std::string& path);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SEGMENT_SEGMENT_PATH_H_

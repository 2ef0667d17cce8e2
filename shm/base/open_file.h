#ifndef SHMETRICS_SHM_BASE_OPEN_FILE_H_
#define SHMETRICS_SHM_BASE_OPEN_FILE_H_

#include <sys/types.h>

#include "shm/base/unique_fd.h"

namespace shmetrics::shm {

/// Opens a file as open(2) does, always with O_CLOEXEC, and never as descriptor 0, 1 or 2. Many programs and
/// libraries write to 1 and 2 without asking what they are. In a daemon that has closed them, open(2) gives
/// their numbers to the next file: a log line of another thread would overwrite the segment. So the free ones
/// of the three are filled for the moment with descriptors of "/" that nobody can read or write (O_PATH).
///
/// Not valid on failure; errno then says why. The caller holds ForkGuard::NoFork until the descriptor is
/// closed. Then no child inherits it, and no other thread of the library gives the fillers back meanwhile.
/// Cost: that of open(2) and three fcntl(2).
UniqueFd OpenFile(const char* path, int flags, mode_t mode = 0);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_BASE_OPEN_FILE_H_

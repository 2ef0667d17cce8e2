#ifndef SHMETRICS_SHM_SEGMENT_MEMORY_LIMIT_H_
#define SHMETRICS_SHM_SEGMENT_MEMORY_LIMIT_H_

#include <cstdint>

#include "shm/result.h"

namespace shmetrics::shm {

/// How many bytes the control groups of this process (v1 or v2, with all their ancestors) still allow it to
/// take. Page cache counts as free, because the kernel drops it first. UINT64_MAX without a limit. kUnknown if
/// a file that should say so cannot be read, also because the group is not mounted where this process is. Past the limit the
/// kernel kills the process instead of returning an error, so ask before. Reads a few files of /proc and
/// /sys: tens of microseconds. Other processes may take memory right after the answer; nothing prevents a
/// race for the last few pages.
Result<std::uint64_t> MemoryHeadroom();

/// Makes the pages exist that hold [begin, begin + bytes) of a mapping, with zeros where they were holes.
/// kOutOfMemory if the tmpfs, the machine or the control group has no room, kUnknown if the control group's
/// limit cannot be read: an error now instead of SIGBUS or an OOM kill at the first touch. Existing contents
/// stay. Any number of processes may commit the same pages at once.
Result<void> CommitPages(char* begin, std::uint64_t bytes);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SEGMENT_MEMORY_LIMIT_H_

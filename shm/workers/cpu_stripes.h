#ifndef SHMETRICS_SHM_WORKERS_CPU_STRIPES_H_
#define SHMETRICS_SHM_WORKERS_CPU_STRIPES_H_

#include <cstdint>

#include "shm/segment/segment.h"

namespace shmetrics::shm {

/// How many of a segment's CPU stripes this process adds to by restartable sequences (cpu_cells.h): all of them; or none, if
/// SHMETRICS_RSEQ=off, or on a processor without AVX, whose 16-byte stores readers might see half of (counters then go the
/// same way). Whether a thread has restartable sequences at all is found out at each addition, which costs nothing there.
/// Thread-safe.
std::uint32_t UsableCpuStripes(const Segment& segment);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_WORKERS_CPU_STRIPES_H_

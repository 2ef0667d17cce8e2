#ifndef SHMETRICS_SHM_WORKERS_CPU_STRIPES_H_
#define SHMETRICS_SHM_WORKERS_CPU_STRIPES_H_

#include <cstdint>

#include "shm/segment/segment.h"

namespace shmetrics::shm {

/// How many of a segment's CPU stripes this process adds to by restartable sequences (cpu_cells.h): all of
/// them, or none. None if SHMETRICS_RSEQ=off, or on a processor without AVX, where readers might see half of
/// a 16-byte store; counters then use atomic stripes too. Each addition finds out for itself if its thread
/// has restartable sequences, and if its code is where it was linked. Thread-safe.
std::uint32_t UsableCpuStripes(const Segment& segment);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_WORKERS_CPU_STRIPES_H_

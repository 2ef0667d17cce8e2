#ifndef SHMETRICS_SHM_SEGMENT_SEGMENT_HEADER_H_
#define SHMETRICS_SHM_SEGMENT_SEGMENT_HEADER_H_

// The header of a segment: makes it from options, and checks it at attach.

#include <cstdint>
#include <string>

#include "shm/layout/layout.h"
#include "shm/result.h"
#include "shm/segment/segment.h"

namespace shmetrics::shm {

/// Returns kBadOption for the first option that is out of its range.
Result<void> CheckOptions(const SegmentOptions& options);

/// Makes the header of a new segment on this host. The options must have been checked. kNotCreatable if the
/// kernel gives no random bytes: the hash key would not be secret. kUnknown if this process cannot find out
/// what a header says of its host: the boot, and its PID namespace if the segment is for one namespace only.
Result<layout::Header> MakeHeader(const SegmentOptions& options);

/// Checks that this is the header of a segment this library can use. Errors: kBadMagic, kOtherLayout,
/// kCorrupt, kTruncated, kOtherBoot. `path` and `file_bytes` are those of the file it was read from.
Result<void> CheckHeader(const std::string& path, const layout::Header& header, std::uint64_t file_bytes);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SEGMENT_SEGMENT_HEADER_H_

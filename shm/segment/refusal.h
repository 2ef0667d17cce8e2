#ifndef SHMETRICS_SHM_SEGMENT_REFUSAL_H_
#define SHMETRICS_SHM_SEGMENT_REFUSAL_H_

#include <optional>
#include <string>

#include "shm/layout/enumerations.h"
#include "shm/result.h"

namespace shmetrics::shm {

/// Under which reason the segment counts a refusal with this code, and so the agent shows it. None for codes
/// that a segment cannot count: without a segment there is nowhere to count, and a limit that the caller has
/// set is no fault of the segment.
std::optional<layout::Refusal> RefusalOf(ErrorCode code);

/// The error for a segment at `path` that is not used, because `why`.
Error SegmentRefused(ErrorCode code, const std::string& path, const std::string& why);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SEGMENT_REFUSAL_H_

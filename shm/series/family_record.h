#ifndef SHMETRICS_SHM_SERIES_FAMILY_RECORD_H_
#define SHMETRICS_SHM_SERIES_FAMILY_RECORD_H_

// A metric family as bytes of the segment: layout::FamilyRecord and the texts behind it.

#include <cstdint>
#include <optional>

#include "shm/segment/segment.h"
#include "shm/series/family.h"

namespace shmetrics::shm {

/// Bytes of the record with its texts. The definition must be checked.
std::uint64_t FamilyRecordBytes(const FamilyDefinition& definition);

/// Writes everything but `record`, `embedded` and the counts, which start at zero. Does not publish it.
void WriteFamilyRecord(const FamilyDefinition& definition, layout::FamilyRecord* family);

/// Copies the definition at `ref`, then checks it as strictly as a registration does. Nothing if the record
/// lies outside the segment, or if CheckDefinition would refuse it. Every byte is read once, because another
/// process could change it between two reads.
std::optional<FamilyDefinition> ReadFamilyRecord(const Segment& segment, layout::Ref ref);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SERIES_FAMILY_RECORD_H_

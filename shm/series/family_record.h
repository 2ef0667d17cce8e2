#ifndef SHMETRICS_SHM_SERIES_FAMILY_RECORD_H_
#define SHMETRICS_SHM_SERIES_FAMILY_RECORD_H_

// A metric family as bytes of the segment: layout::FamilyRecord and the texts behind it.

#include <cstdint>
#include <optional>

#include "shm/segment/segment.h"
#include "shm/series/family.h"

namespace shmetrics::shm {

/// Bytes of the record of a checked definition, texts included.
std::uint64_t FamilyRecordBytes(const FamilyDefinition& definition);

/// Writes everything but `record`, `embedded` and the counts, which start at zero. Not yet published.
void WriteFamilyRecord(const FamilyDefinition& definition, layout::FamilyRecord* family);

/// The definition at `ref`, copied and then checked as strictly as at registration; nothing if it lies
/// outside the segment or is not one that CheckDefinition would accept. Every byte is read once.
std::optional<FamilyDefinition> ReadFamilyRecord(const Segment& segment, layout::Ref ref);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SERIES_FAMILY_RECORD_H_

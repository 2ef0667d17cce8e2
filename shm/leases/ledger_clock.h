#ifndef SHMETRICS_SHM_LEASES_LEDGER_CLOCK_H_
#define SHMETRICS_SHM_LEASES_LEDGER_CLOCK_H_

// The day by which the ledger counts. It is what the wall clock says, and the wall clock may be wrong: so
// nothing is decided from the order of days, and a jump is counted for people to see.

#include <cstdint>

#include "shm/segment/segment.h"

namespace shmetrics::shm {

/// Days since 1970-01-01 in UTC, by the wall clock.
std::int64_t UtcDay();

/// Notes that something is added to the ledger on this day. Counts a jump of the clock if that day is more
/// than one away from the day before, and time alone has not led there. Costs one load on most calls.
void NoteLedgerDay(const Segment& segment, std::int64_t day);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_LEDGER_CLOCK_H_

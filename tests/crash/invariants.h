#ifndef SHMETRICS_TESTS_CRASH_INVARIANTS_H_
#define SHMETRICS_TESTS_CRASH_INVARIANTS_H_

#include <string>

#include "tests/crash/operation.h"
#include "tests/support/lessee.h"
#include "tests/support/segment_reading.h"

// What is true in every segment, after any death. Each broken rule is a test failure.

namespace shmetrics::testing {

/// A reader finds no nonsense, no series twice, no sum without a count.
void ExpectWhole(const SegmentReading& reading);

/// Nothing of the dead is shown.
void ExpectNobodyAlive(const SegmentReading& reading);

/// Each entry of each shard is in exactly one list, a chain or the free list. An entry in use is in its
/// chain. This takes the lock of every shard, and so repairs those whose holders died.
void ExpectWholeShards(const shm::Segment& segment);

/// Everything still works: register, count, observe, set, acquire, spend, and read it all. The first slot
/// must be free.
void ExpectUsable(Lessee* witness, SegmentReading* reading);

/// Checks all of these. All users of the segment must be dead, and `operation` was done to it as often as
/// `runs` says. Makes the segment if there is none. Leaves no lock behind.
void ExpectSurvived(const std::string& path, const Operation& operation, Runs runs);

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_CRASH_INVARIANTS_H_

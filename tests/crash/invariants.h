#ifndef SHMETRICS_TESTS_CRASH_INVARIANTS_H_
#define SHMETRICS_TESTS_CRASH_INVARIANTS_H_

#include <string>

#include "tests/crash/operation.h"
#include "tests/support/lessee.h"
#include "tests/support/segment_reading.h"

// What holds in every segment, whoever died where; each broken one is a test failure.

namespace shmetrics::testing {

/// Nothing in it makes no sense to a reader, no series is there twice, no sum without a count.
void ExpectWhole(const SegmentReading& reading);

/// Of those who are dead nothing is shown that was theirs.
void ExpectNobodyAlive(const SegmentReading& reading);

/// Each entry of each shard is in one chain or in the free list, and once; what is in use is in its chain. Takes every
/// shard, and so repairs those of dead holders.
void ExpectWholeShards(const shm::Segment& segment);

/// Everything can be done: registered, counted, observed, set, acquired, spent; and is then read. The first slot must be
/// free.
void ExpectUsable(Lessee* witness, SegmentReading* reading);

/// All of it, of a segment whose users are dead and to which `operation` was done as often as `runs` says; made anew if
/// there is none. Leaves no lock behind.
void ExpectSurvived(const std::string& path, const Operation& operation, Runs runs);

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_CRASH_INVARIANTS_H_

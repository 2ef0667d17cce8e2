#ifndef SHMETRICS_TESTS_CORRUPT_LIVE_DAMAGE_H_
#define SHMETRICS_TESTS_CORRUPT_LIVE_DAMAGE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <ostream>

#include "shm/layout/layout.h"
#include "shm/snapshot/snapshot_reader.h"
#include "tests/corrupt/damaged_segment.h"

namespace shmetrics::testing {

inline constexpr shm::layout::Ref kNowhere = UINT32_MAX;

enum Outcome { kCounted, kHarmless };

/// One damage to a segment while readers use it.
struct Damage {
  const char* name;
  Outcome outcome;  ///< for a reader that attaches afterwards
  std::function<void(DamagedSegment&)> damage;
};
inline void PrintTo(const Damage& damage, std::ostream* out) { *out << damage.name; }

/// Expects that two readers survive: one that knew the segment before the damage and one that attaches
/// afterwards. They must show what is whole, and count what they skip.
inline void ExpectSurvived(const Damage& damage) {
  DamagedSegment damaged;
  shm::SnapshotReader before(damaged.AttachReader());
  shm::Snapshot snapshot;
  before.Read(&snapshot);
  ASSERT_EQ(SkippedOf(snapshot), 0U);
  ASSERT_EQ(snapshot.families.size(), 10U);
  damage.damage(damaged);
  shm::SnapshotReader after(damaged.AttachReader());
  for (int round = 0; round < 3; round++) {
    before.Read(&snapshot);
    ExpectSane(snapshot);
    ExpectSaneLedger(before);
    EXPECT_EQ(WitnessOf(snapshot), 7U);
    after.Read(&snapshot);
    ExpectSane(snapshot);
    EXPECT_EQ(WitnessOf(snapshot), 7U);
    EXPECT_EQ(SkippedOf(snapshot) > 0, damage.outcome == kCounted);
  }
}

/// Damages the series counter_total{a="x"}.
auto ToSeries(auto change) {
  return [change](DamagedSegment& s) { change(s, s.Series("counter_total", "x")); };
}

/// Damages a family.
auto ToFamily(const char* name, auto change) {
  return [name, change](DamagedSegment& s) { change(s.Family(name)); };
}

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_CORRUPT_LIVE_DAMAGE_H_

#ifndef SHMETRICS_TESTS_CRASH_OPERATION_H_
#define SHMETRICS_TESTS_CRASH_OPERATION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "shm/segment/segment_options.h"
#include "tests/support/bare_worker.h"
#include "tests/support/lessee.h"
#include "tests/support/segment_reading.h"

namespace shmetrics::testing {

/// How often something was done to a segment: `completed` times for certain, `begun` times at most.
struct Runs {
  std::uint64_t completed;
  std::uint64_t begun;

  bool Allow(std::uint64_t times) const { return completed <= times && times <= begun; }
  /// True if nobody died while doing it, and nobody had a rival.
  bool WereUndisturbed() const { return completed == 1 && begun == 1; }
};

/// One thing that a worker writes into a segment, for tests that interrupt it. Several operations can be
/// prepared in one segment, and one operation can run several times in it.
struct Operation {
  std::string name;  ///< letters, digits and underscores
  /// Brings the segment at `path` into the state that the operation begins in. Called in a process that then
  /// dies.
  std::function<void(const std::string& path)> prepare;
  /// What the process does before the operation: attach, claim, register. Returns the operation. That may
  /// have to be called in another process: after the fork, if it is the operation of a child. Everything made
  /// here is leaked.
  std::function<std::function<void()>(const std::string& path)> begin;
  /// Called when all who did it are dead. Expects the operation absent or whole, as often as `runs` says.
  /// `reading` was read before `witness`, which may write, has done anything.
  std::function<void(Lessee& witness, SegmentReading& reading, Runs runs)> check;
};

inline void PrintTo(const Operation& operation, std::ostream* out) { *out << operation.name; }

/// All operations.
const std::vector<Operation>& Operations();

/// A worker leaves the segment for the next one. It is not one of Operations(): afterwards nobody decides in
/// the segment, so nobody could do another operation beside it.
Operation GiveWay();

/// A segment with room for every operation a few times, and little more, because it is compared and copied at
/// each instruction.
shm::SegmentOptions TinySegment();

/// What the operations on histograms observe.
constexpr double kObserved = 1.25;

/// Most operations prepare only this: a segment exists.
void CreateTinySegment(const std::string& path);
std::shared_ptr<BareWorker> AttachWorker(const std::string& path);

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_CRASH_OPERATION_H_

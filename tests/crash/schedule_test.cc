// Two processes, in every order that crash points can tell apart. The first is paused inside its operation,
// the second does a whole operation beside it, and then the first is killed or goes on.

#include <gtest/gtest.h>
#include <linux/futex.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "shm/layout/layout.h"
#include "tests/crash/actor.h"
#include "tests/crash/crash_points.h"
#include "tests/crash/death_image.h"
#include "tests/crash/invariants.h"
#include "tests/crash/operation.h"
#include "tests/support/child.h"
#include "tests/support/nightly.h"
#include "tests/support/private_folder.h"
#include "tests/support/segment_reading.h"
#include "tests/support/shared_page.h"

namespace shmetrics::testing {
namespace {

/// So many run at the same time, because a process that finds a shard held waits 50 ms.
constexpr std::size_t kStages = 4;

/// One pair in so many is played; a pair of two equal operations always. Normally it is all pairs. A fork
/// takes ten times as long under a sanitizer, so there all are played only at night.
std::size_t Stride() {
#ifdef __SANITIZE_ADDRESS__
  if (!IsNightly()) return 5;
#endif
  return 1;
}

enum class Fate { kKilled, kGoesOn };

/// The same operation for a process that comes before there is a segment: it prepares the segment first.
Operation FromNothing(const Operation& operation) {
  Operation all = operation;
  all.begin = [&operation](const std::string& path) {
    return [&operation, path] {
      EXPECT_EQ(RunInChild([&] { operation.prepare(path); }), 0);
      operation.begin(path)();
    };
  };
  return all;
}

std::set<std::string> AllPoints() {
  std::set<std::string> points(std::begin(kCrashPoints), std::end(kCrashPoints));
  points.insert(std::begin(kRepairPoints), std::end(kRepairPoints));
  return points;
}

/// No operation passes there: a ledger is restored from its file, and the operations have none.
const std::set<std::string> kUnreached = {"ledger_tier_restored"};

/// These operations pass no crash point and so are not paused: they change the segment by one instruction, or
/// not at all.
bool HasNoPoints(const std::string& operation) {
  static const std::set<std::string> others = {"attach", "remove", "gauge_last", "acquire_at_limit"};
  return operation.ends_with("_by_sequence") || operation.ends_with("_by_locked_instruction") ||
         others.contains(operation);
}

struct Tally {
  std::atomic<std::uint64_t> pairs, schedules, busy;
  std::atomic<bool> is_reached[std::size(kCrashPoints) + 1];  ///< in the order of AllPoints()
};

bool HoldsAShard(const shm::Segment& segment, pid_t pid) {
  for (std::uint32_t number = 0; number < shm::layout::kLeaseShards; number++) {
    const auto word = static_cast<std::uint32_t>(segment.lease_shard(number).mutex.__data.__lock);
    if ((word & FUTEX_TID_MASK) == static_cast<std::uint32_t>(pid)) return true;
  }
  return false;
}

/// Plays the schedules of a pair of operations, each in a new segment.
class Stage {
 public:
  Stage(const Operation& first, const Operation& second, const std::string& folder, Tally* tally)
      : first_(first), second_(second), folder_(folder), tally_(*tally) {
    std::filesystem::create_directory(folder);
    EXPECT_EQ(RunInChild([&] { first.prepare(path_); }), 0);
    has_segment_ = std::filesystem::exists(path_);
    std::filesystem::remove(path_);
    if (has_segment_) {
      EXPECT_EQ(RunInChild([&] { second.prepare(prepared_); }), 0);
    }
  }

  /// Plays all schedules: one for each crash point that the first passes.
  void PlayAll() {
    int nth = 1;
    for (; !::testing::Test::HasFailure(); nth++) {
      const std::string point = Play(nth, Fate::kKilled);
      if (point.empty()) break;
      EXPECT_EQ(Play(nth, Fate::kGoesOn), point);
      Note(point);
    }
    EXPECT_EQ(nth == 1, HasNoPoints(first_.name)) << nth - 1 << " crash points";
    tally_.pairs++;
  }

 private:
  void Note(const std::string& point) {
    const std::set<std::string> all = AllPoints();
    const auto found = all.find(point);
    ASSERT_NE(found, all.end()) << point << " is not listed";
    tally_.is_reached[std::distance(all.begin(), found)] = true;
  }

  /// Returns where the first was paused; empty if it passes fewer than `nth` points.
  std::string Play(int nth, Fate fate) {
    std::filesystem::remove(path_);
    if (!has_segment_) {
      Actor first(first_, path_);
      first.RunTo(nth);
      if (first.is_done()) return "";
      Actor second(FromNothing(second_), path_);
      return PlayOn(&first, &second, fate);
    }
    CopySegment(prepared_, path_);
    Actor second(second_, path_);
    // After the second has begun: the next process that comes may remove what is prepared for the first.
    PrepareFirst();
    Actor first(first_, path_);
    first.RunTo(nth);
    return first.is_done() ? "" : PlayOn(&first, &second, fate);
  }

  /// All schedules begin in copies of one segment: in another one, with another hash key, keys lie in other
  /// shards, and an operation passes other points.
  void PrepareFirst() {
    if (std::filesystem::exists(path_)) {
      EXPECT_EQ(RunInChild([&] { first_.prepare(path_); }), 0);
      return;
    }
    if (!std::filesystem::exists(first_alone_)) {
      EXPECT_EQ(RunInChild([&] { first_.prepare(first_alone_); }), 0);
    }
    CopySegment(first_alone_, path_);
  }

  std::string PlayOn(Actor* first, Actor* second, Fate fate) {
    const std::string point = first->point();
    SCOPED_TRACE("paused at " + point + (fate == Fate::kKilled ? ", then killed" : ", then goes on"));
    const bool is_done = !RunBeside(*first, second);
    if (fate == Fate::kGoesOn) {
      first->RunToEnd();
      EXPECT_TRUE(first->is_done());
      ExpectWhole(Read(path_));
      first->Leave();
    } else {
      first->Kill();
      if (std::filesystem::exists(path_)) ExpectWhole(Read(path_));
    }
    second->Leave();
    ExpectBoth({fate == Fate::kGoesOn ? 1U : 0U, 1}, {is_done ? 1U : 0U, 1});
    tally_.schedules++;
    return point;
  }

  /// True if the second was refused, because the first holds a shard that it needs.
  bool RunBeside(const Actor& first, Actor* second) {
    if (!std::filesystem::exists(path_)) {
      second->RunToEnd();
      return false;
    }
    const auto segment = shm::Segment::AttachOrCreate(path_, TinySegment()).value();
    const auto& refused =
        segment->mutable_header().refusals[static_cast<std::size_t>(shm::layout::Refusal::kBusy)];
    const std::uint64_t before = refused.load();
    second->RunToEnd();
    EXPECT_TRUE(second->is_done());
    ExpectWhole(Read(path_));
    if (refused.load() == before) return false;
    EXPECT_TRUE(HoldsAShard(*segment, first.pid())) << "busy, and nobody is in the way";
    tally_.busy++;
    return true;
  }

  void ExpectBoth(Runs first, Runs second) {
    if (first_.name == second_.name) {
      ExpectSurvived(path_, first_, {first.completed + second.completed, first.begun + second.begun});
      return;
    }
    const std::string copy = folder_ + "/copy";
    CopySegment(path_, copy);
    ExpectSurvived(path_, first_, first);
    ExpectSurvived(copy, second_, second);
    std::filesystem::remove(copy);
  }

  const Operation& first_;
  const Operation& second_;
  const std::string folder_;
  Tally& tally_;
  const std::string prepared_ = folder_ + "/prepared";
  const std::string first_alone_ = folder_ + "/first_alone";
  const std::string path_ = folder_ + "/segment";
  bool has_segment_ = false;
};

class ScheduleTest : public ::testing::TestWithParam<Operation> {
 protected:
  void PlayPart(std::size_t part) {
    for (std::size_t i = part; i < Operations().size() && !HasFailure(); i += kStages) {
      const Operation& first = Operations()[i];
      if (i % Stride() != Index() % Stride()) continue;
      SCOPED_TRACE("beside " + first.name);
      const std::string folder = folder_ / first.name;
      Stage(first, GetParam(), folder, &*tally_).PlayAll();
      std::filesystem::remove_all(folder);
    }
  }
  /// The index of the operation that is not paused.
  static std::size_t Index() {
    const auto is_it = [](const Operation& operation) { return operation.name == GetParam().name; };
    return static_cast<std::size_t>(std::ranges::find_if(Operations(), is_it) - Operations().begin());
  }
  std::set<std::string> Unreached() const {
    std::set<std::string> unreached;
    std::size_t i = 0;
    for (const std::string& point : AllPoints()) {
      if (!tally_->is_reached[i++]) unreached.insert(point);
    }
    return unreached;
  }

  PrivateFolder folder_;
  SharedPage<Tally> tally_;
};

// Faults 1 to 6, with a rival. Fault 8, for the process that is not stopped.
TEST_P(ScheduleTest, GoesOnBesideEveryOtherThatIsPausedWithinAndThenKilledOrNot) {
  std::vector<Child> stages;
  for (std::size_t part = 0; part < kStages; part++) stages.emplace_back([&, part] { PlayPart(part); });
  for (Child& stage : stages) EXPECT_EQ(stage.Wait(), 0);
  if (Stride() == 1) {
    EXPECT_EQ(Unreached(), kUnreached);
  }
  std::printf("schedules: %s: %llu pairs, %llu schedules, %llu of them busy\n", GetParam().name.c_str(),
              static_cast<unsigned long long>(tally_->pairs),
              static_cast<unsigned long long>(tally_->schedules),
              static_cast<unsigned long long>(tally_->busy));
}

INSTANTIATE_TEST_SUITE_P(All, ScheduleTest, ::testing::ValuesIn(Operations()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace shmetrics::testing

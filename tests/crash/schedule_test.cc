// Two processes and every order of theirs that a crash point can tell from another: the first is paused within its
// operation, the second does a whole one beside it, then the first is killed or goes on.

#include <gtest/gtest.h>
#include <linux/futex.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "tests/crash/actor.h"
#include "tests/crash/death_image.h"
#include "tests/crash/invariants.h"
#include "tests/crash/operation.h"
#include "tests/support/child.h"
#include "tests/support/private_folder.h"
#include "tests/support/segment_reading.h"
#include "tests/support/shared_page.h"

namespace shmetrics::testing {
namespace {

/// At the same time, because who finds a shard held waits 50 ms.
constexpr std::size_t kStages = 4;

enum class Fate { kKilled, kGoesOn };

/// The names of the crash points that an operation comes by alone, in order.
std::vector<std::string> PointsOf(const Operation& operation, const std::string& path) {
  EXPECT_EQ(RunInChild([&] { operation.prepare(path); }), 0);
  Actor actor(operation, path);
  std::vector<std::string> points;
  for (actor.RunTo(1); !actor.is_done(); actor.RunTo(1)) points.push_back(actor.point());
  actor.Leave();
  return points;
}

/// The same from nothing, for one who comes while there is no segment yet.
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

struct Tally {
  std::atomic<std::uint64_t> pairs, schedules, busy;
};

/// One segment after the other, and the schedules of a pair of operations in them.
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

  /// At each crash point that the first comes by; their names.
  std::set<std::string> PlayAll() {
    std::set<std::string> points;
    for (int nth = 1; !::testing::Test::HasFailure(); nth++) {
      const std::string point = Play(nth, Fate::kKilled);
      if (point.empty()) break;
      points.insert(point);
      EXPECT_EQ(Play(nth, Fate::kGoesOn), point);
    }
    tally_.pairs++;
    return points;
  }

 private:
  /// Where the first was paused; empty if it comes by fewer than `nth` points.
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
    // After all that the second has done before: what is prepared for the first may be gone with the next who comes.
    EXPECT_EQ(RunInChild([&] { first_.prepare(path_); }), 0);
    Actor first(first_, path_);
    first.RunTo(nth);
    return first.is_done() ? "" : PlayOn(&first, &second, fate);
  }

  std::string PlayOn(Actor* first, Actor* second, Fate fate) {
    const std::string point = first->point();
    SCOPED_TRACE("paused at " + point + (fate == Fate::kKilled ? ", then killed" : ", then goes on"));
    const bool is_done = !RunBesides(*first, second);
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

  /// Whether the second was refused, because the first has a shard that he needs.
  bool RunBesides(const Actor& first, Actor* second) {
    if (!std::filesystem::exists(path_)) {
      second->RunToEnd();
      return false;
    }
    const auto segment = shm::Segment::AttachOrCreate(path_, TinySegment()).value();
    const auto& refused = segment->live().refusals[static_cast<std::size_t>(shm::layout::Refusal::kBusy)];
    const std::uint64_t before = refused.load();
    second->RunToEnd();
    EXPECT_TRUE(second->is_done());
    if (refused.load() == before) return false;
    const auto owner = static_cast<unsigned>(segment->lease_shard(0).mutex.__data.__lock) & FUTEX_TID_MASK;
    EXPECT_EQ(owner, static_cast<unsigned>(first.pid())) << "busy, and nobody holds the shard";
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
  const std::string path_ = folder_ + "/segment";
  bool has_segment_ = false;
};

class ScheduleTest : public ::testing::TestWithParam<Operation> {
 protected:
  void PlayPart(std::size_t part, const std::set<std::string>& points) {
    for (std::size_t i = part; i < Operations().size(); i += kStages) {
      const Operation& second = Operations()[i];
      SCOPED_TRACE("besides " + second.name);
      Stage stage(GetParam(), second, folder_ / second.name, &*tally_);
      const auto got = stage.PlayAll();
      for (auto& p : points) if (!got.contains(p)) std::printf("MISS %s | %s | %s\n", GetParam().name.c_str(), p.c_str(), second.name.c_str());
      if (HasFailure()) return;
      std::filesystem::remove_all(folder_ / second.name);
    }
  }

  PrivateFolder folder_;
  SharedPage<Tally> tally_;
};

TEST_P(ScheduleTest, WhoeverIsPausedWithinKeepsNobodyFromTheirs) {
  const std::vector<std::string> alone = PointsOf(GetParam(), folder_ / "alone");
  const std::set<std::string> points(alone.begin(), alone.end());
  std::vector<Child> stages;
  for (std::size_t part = 0; part < kStages; part++)
    stages.emplace_back([&, part] { PlayPart(part, points); });
  for (Child& stage : stages) EXPECT_EQ(stage.Wait(), 0);
  std::printf("schedules: %s: %zu points, %llu pairs, %llu schedules, %llu of them busy\n",
              GetParam().name.c_str(), alone.size(), static_cast<unsigned long long>(tally_->pairs),
              static_cast<unsigned long long>(tally_->schedules),
              static_cast<unsigned long long>(tally_->busy));
}

INSTANTIATE_TEST_SUITE_P(All, ScheduleTest, ::testing::ValuesIn(Operations()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace shmetrics::testing

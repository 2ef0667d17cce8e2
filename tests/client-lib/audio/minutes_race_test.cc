// Minutes used, recorded, given back, reserved, settled and loaded by several processes at once, around
// midnight, while some of them are killed. Each says beforehand what it is about to do, and afterwards what
// came of it. So only what the killed were just doing is uncertain, and that is no billionth of a minute more.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client-lib/audio/ledger_format.h"
#include "shm/leases/ledger_clock.h"
#include "shmetrics/audio.h"
#include "tests/client-lib/audio/audio_fixture.h"
#include "tests/support/child.h"
#include "tests/support/fake_clock.h"
#include "tests/support/shared_page.h"

namespace shmetrics::audio {
namespace {

using testing::wall_clock_ahead_seconds;

constexpr int kWorkers = 4;
constexpr int kKills = 10;
constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kRestored = 123'456'789;
const std::array<std::string, 2> kUsers = {"one", "two"};

/// What is known to have been used, in billionths of a minute, by user and day.
using Used = std::array<std::array<std::atomic<std::int64_t>, 2>, kUsers.size()>;

/// What a worker is just doing: that much may come to the amount of that user and day.
struct InFlight {
  std::atomic<std::int64_t> amount{0};
  std::atomic<int> user{0};
  std::atomic<int> day{0};
};

struct Report {
  Used used;
  std::array<InFlight, kWorkers> in_flight;
  std::atomic<std::uint64_t> done{0};
  std::atomic<bool> stop{false};
};

class MinutesRaceTest : public AudioTest {
 protected:
  MinutesRaceTest() {
    // At noon, so that only the workers see a midnight.
    wall_clock_ahead_seconds = kDaySeconds / 2 - std::time(nullptr) % kDaySeconds;
    today_ = shm::UtcDay();
    std::vector<shm::LedgerRecord> saved;
    for (const std::string& user : kUsers) {
      for (const std::int64_t day : {today_, today_ + 1})
        saved.push_back({user, day, static_cast<std::uint64_t>(kRestored), 0});
    }
    std::ofstream(folder_ + "/audio.ini") << "[Audio-Quota]\nstate_file = " << folder_ << "/ledger.json\n";
    std::ofstream(folder_ + "/ledger.json") << FormatLedgerFile(FormatLedgerUsers(saved), "x", {});
  }
  ~MinutesRaceTest() override { wall_clock_ahead_seconds = 0; }

  Quota Make() const { return Quota(Open(), {.config = folder_ + "/audio.ini"}); }

  /// Lets something be done that uses `amount` if it succeeds, or gives back if that is less than 0.
  template <class Do>
  void Try(int worker, int user, std::int64_t amount, Do action) {
    const int day = static_cast<int>(shm::UtcDay() - today_);
    InFlight& mine = report_->in_flight[worker];
    mine.user = user;
    mine.day = day;
    mine.amount = amount;
    const bool has_happened = action();
    if (has_happened) report_->used[user][day] += amount;
    mine.amount = 0;
    report_->done++;
  }

  void Work(int worker, unsigned seed) {
    std::minstd_rand random(seed);
    const Quota quota = Make();
    const std::int64_t noon = wall_clock_ahead_seconds;
    while (!report_->stop) {
      wall_clock_ahead_seconds = noon + (random() % 2 == 0 ? 0 : kDaySeconds);
      const int user = static_cast<int>(random() % kUsers.size());
      const std::string& name = kUsers[user];
      const std::int64_t amount = 1 + static_cast<std::int64_t>(random() % 1'000'000'000);
      const double minutes = static_cast<double>(amount) / 1e9;
      const Tier tier = Tier::premium;
      switch (random() % 5) {
        case 0:
          Try(worker, user, amount, [&] { return quota.consume_daily_minutes(name, minutes, tier).ok(); });
          break;
        case 1:
          Try(worker, user, amount, [&] { return quota.record_daily_minutes(name, minutes, tier).ok(); });
          break;
        case 2:
          Try(worker, user, -amount, [&] { return quota.refund_daily_minutes(name, minutes, tier).ok(); });
          break;
        case 3: {
          ReserveResult job = quota.reserve_daily_minutes(name, 1, tier);
          if (job.ok()) Try(worker, user, amount, [&] { return job->settle(minutes).ok(); });
          break;
        }
        default: {
          ReserveResult job = quota.reserve_daily_minutes(name, minutes, tier);
          EXPECT_TRUE(!job.ok() || job->cancel());
          break;
        }
      }
    }
  }

  /// Kills the worker, and notes what it was doing.
  void KillNoting(int worker, testing::Child* child) {
    child->Kill();
    const InFlight& seen = report_->in_flight[worker];
    if (seen.amount != 0) uncertain_.push_back({seen.user, seen.day, seen.amount});
    report_->in_flight[worker].amount = 0;
  }

  /// True if the known amount, with some of what is uncertain, is the amount.
  bool IsExplained(int user, int day, std::int64_t amount) {
    std::set<std::int64_t> possible = {report_->used[user][day] + kRestored};
    for (const Uncertain& one : uncertain_) {
      if (one.user != user || one.day != day) continue;
      std::set<std::int64_t> more;
      // Not done; done and not noted; done and noted, or denied.
      for (const std::int64_t known : possible) more.insert({known, known + one.amount});
      possible = std::move(more);
    }
    return possible.contains(amount);
  }

  struct Uncertain {
    int user;
    int day;
    std::int64_t amount;
  };
  std::int64_t today_ = 0;
  testing::SharedPage<Report> report_;
  std::vector<Uncertain> uncertain_;
};

// Fault U1. Fault U3.
TEST_F(MinutesRaceTest, NotABillionthOfAMinuteIsWrongWhateverRacesAndWhoeverIsKilled) {
  using namespace std::chrono_literals;
  std::vector<testing::Child> workers;
  workers.reserve(kWorkers);
  unsigned seed = 1;
  for (int worker = 0; worker < kWorkers; worker++) {
    workers.emplace_back([this, worker, seed] { Work(worker, seed); });
    seed++;
  }
  for (int kill = 0; kill < kKills; kill++) {
    const std::uint64_t before = report_->done;
    testing::WaitUntil([&] { return report_->done > before + 500; });
    const int worker = kill % kWorkers;
    KillNoting(worker, &workers[worker]);
    workers[worker] = testing::Child([this, worker, seed] { Work(worker, seed); });
    seed++;
  }
  report_->stop = true;
  for (testing::Child& worker : workers) EXPECT_EQ(worker.Wait(), 0);

  const Quota quota = Make();
  for (int day = 0; day < 2; day++) {
    if (day == 1) wall_clock_ahead_seconds += kDaySeconds;
    for (int user = 0; user < static_cast<int>(kUsers.size()); user++) {
      const MinutesResult minutes = quota.daily_minutes(kUsers[user]);
      ASSERT_TRUE(minutes) << minutes.error().message;
      EXPECT_EQ(minutes->reserved, 0) << "the dead hold back nothing";
      const auto amount = static_cast<std::int64_t>(std::llround(minutes->used * 1e9));
      EXPECT_TRUE(IsExplained(user, day, amount))
          << kUsers[user] << " on day " << day << ": " << amount << ", known "
          << report_->used[user][day] + kRestored << ", uncertain " << uncertain_.size();
    }
  }
}

// Fault U1.
TEST_F(MinutesRaceTest, WhatIsUsedAndReservedTogetherNeverPassesTheLimit) {
  std::vector<testing::Child> workers;
  workers.reserve(kWorkers);
  for (int worker = 0; worker < kWorkers; worker++) {
    workers.emplace_back([this, worker] {
      const Quota quota = Make();
      std::minstd_rand random(static_cast<unsigned>(worker) + 1);
      while (!report_->stop) {
        const double estimate = 1 + static_cast<double>(random() % 9);
        ReserveResult job = quota.reserve_daily_minutes("42", estimate);
        EXPECT_TRUE(job.ok() || job.error().code == ErrorCode::kDailyMinutes) << job.error().message;
        if (job.ok() && random() % 4 != 0) static_cast<void>(job->settle(estimate * 0.01));
        static_cast<void>(quota.consume_daily_minutes("42", 0.01));
        report_->done++;
      }
    });
  }
  const Quota quota = Make();
  for (int i = 0; i < 5'000 && !HasFailure(); i++) {
    const MinutesResult day = quota.daily_minutes("42");
    ASSERT_TRUE(day);
    EXPECT_LE(std::llround((day->used + day->reserved) * 1e9), 30'000'000'000);
    if (i % 1'000 == 0) {
      workers[0].Kill();
      workers[0] = testing::Child([this] {
        const Quota mine = Make();
        while (!report_->stop) static_cast<void>(mine.reserve_daily_minutes("42", 5));
      });
    }
  }
  report_->stop = true;
  for (testing::Child& worker : workers) EXPECT_EQ(worker.Wait(), 0);
  EXPECT_EQ(quota.daily_minutes("42")->reserved, 0);
}

}  // namespace
}  // namespace shmetrics::audio

// Sixteen processes fight for three places of one user, and are killed and stopped at random meanwhile.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "shm/base/unique_fd.h"
#include "shm/snapshot/snapshot.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using namespace std::chrono_literals;
using testing::Child;
using testing::SharedPage;

constexpr std::uint32_t kPlaces = 3;
constexpr int kProcesses = 16;

/// Lets the kernel check how many processes are admitted: a file has one byte for each place, and each
/// admitted process locks one. A process that finds no free byte is one too many. These are POSIX record
/// locks, which the kernel drops in exit() when it closes files. It drops the locks of a worker slot later,
/// so the dead leave here first.
class Witness {
 public:
  explicit Witness(const std::string& path) : file_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {}

  bool Enter() {
    for (place_ = 0; place_ < static_cast<int>(kPlaces); place_++) {
      if (Lock(F_WRLCK)) return true;
    }
    return false;
  }
  void Leave() { Lock(F_UNLCK); }

 private:
  bool Lock(short type) const {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = place_;
    lock.l_len = 1;
    return fcntl(file_.get(), F_SETLK, &lock) == 0;
  }

  shm::UniqueFd file_;
  int place_ = 0;
};

struct Tally {
  std::atomic<std::uint64_t> admitted, denied, busy, too_many, lost, other;
};

class LeaseFightTest : public testing::RegistryFixture {
 protected:
  LeaseGaugeFamily Streams() const { return Open().lease_gauge({.name = "streams", .labels = {"user_id"}}); }

  void Fight(unsigned seed) {
    const LeaseGaugeFamily streams = Streams();
    Witness witness(folder_ + "/witness");
    std::mt19937 random(seed);
    for (;;) {
      Result<Lease> lease = streams.try_acquire({"42"}, {.limit = kPlaces});
      if (!lease) {
        const ErrorCode code = lease.error().code;
        (code == ErrorCode::kLimitReached ? tally_->denied
         : code == ErrorCode::kBusy       ? tally_->busy
                                          : tally_->other)++;
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 200));
        continue;
      }
      tally_->admitted++;
      if (!witness.Enter()) tally_->too_many++;
      if (random() % 2 == 0) std::this_thread::sleep_for(std::chrono::microseconds(random() % 1'000));
      if (!lease->live()) tally_->lost++;
      witness.Leave();
      lease->release();
    }
  }

  SharedPage<Tally> tally_;
};

TEST_F(LeaseFightTest, NeverAreMoreThanThreeInsideAndAtTheEndANewcomerGetsAPlaceAtOnce) {
  ASSERT_EQ(testing::RunInChild([this] { Streams(); }), 0);  // makes the segment, which is read from now on
  unsigned seed = 1;
  const auto fighter = [&] { return std::make_unique<Child>([this, seed] { Fight(seed); }); };
  std::vector<std::unique_ptr<Child>> children;
  for (; seed <= kProcesses; seed++) children.push_back(fighter());
  std::mt19937 random(4711);
  testing::SegmentReading reading = Read();
  int kills = 0, stops = 0;
  double most_shown = 0;
  // Goes on until it has seen enough, however slow the machine is.
  const auto has_seen_enough = [&] {
    return most_shown > 0 && tally_->admitted > 1'000 && tally_->denied > 0;
  };
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < end || !has_seen_enough()) {
    std::unique_ptr<Child>& child = children[random() % children.size()];
    if (random() % 2 == 0) {
      child->Kill();
      child = fighter();
      seed++;
      kills++;
    } else {
      child->Signal(SIGSTOP);
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % (stops % 10 == 0 ? 150 : 5)));
      child->Signal(SIGCONT);
      stops++;
    }
    most_shown = std::max(most_shown, reading.Again().Gauge(R"(streams{user_id="42"})").value_or(0));
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 5));
  }
  children.clear();
  EXPECT_EQ(tally_->too_many, 0U);
  EXPECT_EQ(tally_->lost, 0U) << "a lease of the living ended by itself";
  EXPECT_EQ(tally_->other, 0U);
  EXPECT_LE(most_shown, kPlaces);
  EXPECT_EQ(testing::RunInChild([this] {
              std::vector<Lease> places;
              for (std::uint32_t i = 0; i < kPlaces; i++) {
                Result<Lease> place = Streams().try_acquire({"42"}, {.limit = kPlaces});
                ASSERT_TRUE(place) << place.error().message;
                places.push_back(std::move(place.value()));
              }
              EXPECT_FALSE(Streams().try_acquire({"42"}, {.limit = kPlaces}));
            }),
            0);
  std::printf("%llu admitted, %llu denied, %llu busy, %d kills, %d stops, %llu recoveries\n",
              static_cast<unsigned long long>(tally_->admitted),
              static_cast<unsigned long long>(tally_->denied), static_cast<unsigned long long>(tally_->busy),
              kills, stops, static_cast<unsigned long long>(Read().snapshot().segment.mutex_recoveries));
}

}  // namespace
}  // namespace shmetrics

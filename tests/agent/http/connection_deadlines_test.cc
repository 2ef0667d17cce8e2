#include "agent/http/connection_deadlines.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>
#include <vector>

#include "shm/base/unique_fd.h"

namespace shmetrics::agent {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kNever = std::chrono::hours(1);

struct Pair {
  Pair() {
    std::array<int, 2> fds{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    ours = shm::UniqueFd(fds[0]);
    theirs = shm::UniqueFd(fds[1]);
  }
  /// Waits up to `ms` for the other side to be cut.
  bool IsCutWithin(int ms) const {
    pollfd wait{theirs.get(), POLLIN, 0};
    return poll(&wait, 1, ms) == 1 && (wait.revents & POLLHUP) != 0;
  }

  shm::UniqueFd ours;
  shm::UniqueFd theirs;
};

TEST(ConnectionDeadlinesTest, ThreadsADueConnectionIsCutAndItsDescriptorStaysOpen) {
  ConnectionDeadlines deadlines(milliseconds(50), kNever);
  const Pair pair;
  deadlines.Restart(pair.ours.get());
  EXPECT_TRUE(pair.IsCutWithin(10'000));
  char byte = 0;
  EXPECT_EQ(read(pair.ours.get(), &byte, 1), 0) << "the descriptor is its owner's to close";
  deadlines.Forget(pair.ours.get());
}

TEST(ConnectionDeadlinesTest, ThreadsAForgottenConnectionIsNotCut) {
  ConnectionDeadlines deadlines(milliseconds(50), kNever);
  const Pair forgotten;
  const Pair kept;
  deadlines.Restart(forgotten.ours.get());
  deadlines.Forget(forgotten.ours.get());
  deadlines.Restart(kept.ours.get());
  EXPECT_TRUE(kept.IsCutWithin(10'000));
  EXPECT_FALSE(forgotten.IsCutWithin(0));
  deadlines.Forget(kept.ours.get());
}

TEST(ConnectionDeadlinesTest, ThreadsARestartedDeadlineOutlivesTheOthers) {
  ConnectionDeadlines deadlines(milliseconds(300), kNever);
  const Pair restarted;
  const Pair left;
  deadlines.Restart(restarted.ours.get());
  deadlines.Restart(left.ours.get());
  bool was_cut_before = false;
  while (!left.IsCutWithin(1)) {
    was_cut_before = was_cut_before || restarted.IsCutWithin(0);
    deadlines.Restart(restarted.ours.get());
  }
  EXPECT_FALSE(was_cut_before);
  EXPECT_TRUE(restarted.IsCutWithin(10'000)) << "it is cut at last";
  deadlines.Forget(restarted.ours.get());
  deadlines.Forget(left.ours.get());
}

// Fault A12.
TEST(ConnectionDeadlinesTest, ThreadsAnIdleConnectionOutlivesThoseWithARequestUntilItsOwnTime) {
  ConnectionDeadlines deadlines(milliseconds(20), milliseconds(500));
  const Pair idle;
  const Pair busy;
  deadlines.Restart(idle.ours.get());
  deadlines.Rest(idle.ours.get());
  deadlines.Restart(busy.ours.get());
  EXPECT_TRUE(busy.IsCutWithin(10'000));
  EXPECT_TRUE(idle.IsCutWithin(10'000)) << "after its own time";
}

// Fault A12.
TEST(ConnectionDeadlinesTest, ThreadsAConnectionThatWakesHasADeadlineAgain) {
  ConnectionDeadlines deadlines(milliseconds(100), kNever);
  const Pair wakes;
  const Pair idle;
  deadlines.Rest(idle.ours.get());
  deadlines.Rest(wakes.ours.get());
  EXPECT_FALSE(wakes.IsCutWithin(300));
  deadlines.Wake(wakes.ours.get());
  // It has a request now. More bytes of that give it no more time.
  while (!wakes.IsCutWithin(10)) deadlines.Wake(wakes.ours.get());
  EXPECT_FALSE(idle.IsCutWithin(0));
}

// Fault A12.
TEST(ConnectionDeadlinesTest, RoomIsMadeByTheLongestIdleWhoseClientHasSentNothing) {
  ConnectionDeadlines deadlines(kNever, kNever);
  const Pair busy;
  const Pair just_sent;
  const Pair longest;
  const Pair newest;
  deadlines.Restart(busy.ours.get());
  for (const Pair* idle : {&just_sent, &longest, &newest}) {
    deadlines.Rest(idle->ours.get());
    std::this_thread::sleep_for(milliseconds(2));
  }
  ASSERT_EQ(write(just_sent.theirs.get(), "G", 1), 1);
  for (int i = 0; i < 3; i++) deadlines.MakeRoom(1);
  EXPECT_TRUE(longest.IsCutWithin(0));
  EXPECT_FALSE(newest.IsCutWithin(0)) << "the place was made, and is not free yet";
  deadlines.Forget(longest.ours.get());
  deadlines.MakeRoom(1);
  EXPECT_TRUE(newest.IsCutWithin(0));
  deadlines.MakeRoom(4);
  EXPECT_FALSE(busy.IsCutWithin(0));
  EXPECT_FALSE(just_sent.IsCutWithin(0));
}

// A closed descriptor's number is given out again at once. A cut of the former connection must not reach the
// new one.
TEST(ConnectionDeadlinesTest, ThreadsTheNextOwnerOfADescriptorIsNeverCut) {
  ConnectionDeadlines deadlines(milliseconds(1), kNever);
  const auto churn = [&] {
    for (int i = 0; i < 300; i++) {
      {
        const Pair former;
        deadlines.Restart(former.ours.get());
        former.IsCutWithin(i % 3);
        deadlines.Forget(former.ours.get());
      }
      const Pair next;
      EXPECT_FALSE(next.IsCutWithin(1));
    }
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; i++) threads.emplace_back(churn);
}

}  // namespace
}  // namespace shmetrics::agent

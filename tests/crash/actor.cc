#include "tests/crash/actor.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "shm/base/crash_point.h"
#include "tests/crash/crash_points.h"

namespace shmetrics::testing {
namespace {

struct Report {
  pid_t pid;
  char point[32];  ///< empty: none
};

// These belong to the actor's own process. They are global, because a crash point knows only its name.
int to_director = -1;
int points_to_pass = 0;

/// False if the director has nothing more to say.
bool ReportAndWait(const char* point) {
  Report report{getpid(), {}};
  std::strncpy(report.point, point, sizeof report.point - 1);
  return send(to_director, &report, sizeof report, MSG_NOSIGNAL) == sizeof report &&
         recv(to_director, &points_to_pass, sizeof points_to_pass, 0) == sizeof points_to_pass;
}

void Pass(const char* point) {
  if (std::ranges::count(kReadingPoints, std::string_view(point)) > 0) return;
  if (--points_to_pass == 0 && !ReportAndWait(point)) _exit(1);
}

void Act(const Operation& operation, const std::string& path, int socket) {
  to_director = socket;
  const std::function<void()> run = operation.begin(path);
  if (!ReportAndWait("")) return;
  shm::crash_point_hook = Pass;
  run();
  shm::crash_point_hook = nullptr;
  ReportAndWait("");
}

std::pair<shm::UniqueFd, shm::UniqueFd> SocketPair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::runtime_error("no socket pair");
  return {shm::UniqueFd(ends[0]), shm::UniqueFd(ends[1])};
}

}  // namespace

Actor::Actor(const Operation& operation, const std::string& path)
    : process_([&] {
        auto [here, there] = SocketPair();
        socket_ = std::move(here);
        return Child([&, end = there.get()] { Act(operation, path, end); });
      }()) {
  ReadReport();
}

void Actor::RunTo(int nth) {
  ASSERT_EQ(send(socket_.get(), &nth, sizeof nth, MSG_NOSIGNAL), static_cast<ssize_t>(sizeof nth));
  ReadReport();
}

void Actor::RunToEnd() { RunTo(INT_MAX); }

void Actor::Kill() {
  kill(pid_, SIGKILL);
  EXPECT_EQ(process_.Wait(), 128 + SIGKILL);
}

void Actor::Leave() {
  shutdown(socket_.get(), SHUT_RDWR);  // not close: a later actor has inherited a copy of this end
  EXPECT_EQ(process_.Wait(), 0);
}

void Actor::ReadReport() {
  Report report;
  if (recv(socket_.get(), &report, sizeof report, 0) != sizeof report)
    throw std::runtime_error("an actor ended by itself");
  pid_ = report.pid;
  point_ = report.point;
}

}  // namespace shmetrics::testing

#include "agent/http/connection_deadlines.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

namespace shmetrics::agent {
namespace {

bool HasBytesToRead(int fd) {
  pollfd look{fd, POLLIN, 0};
  return poll(&look, 1, 0) != 0;
}

}  // namespace

ConnectionDeadlines::ConnectionDeadlines(std::chrono::milliseconds allowed, std::chrono::milliseconds idle)
    : allowed_(allowed), idle_(idle), thread_([this] { CutUntilStopped(); }) {}

ConnectionDeadlines::~ConnectionDeadlines() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void ConnectionDeadlines::Watch(int fd, Watched watched) {
  watched_[fd] = watched;
  if (watched.end < next_look_) changed_.notify_one();
}

void ConnectionDeadlines::Restart(int fd) {
  const std::lock_guard lock(mutex_);
  Watch(fd, {Clock::now() + allowed_, false});
}

void ConnectionDeadlines::Rest(int fd) {
  const std::lock_guard lock(mutex_);
  Watch(fd, {Clock::now() + idle_, true});
}

void ConnectionDeadlines::Wake(int fd) {
  const std::lock_guard lock(mutex_);
  const auto found = watched_.find(fd);
  if (found != watched_.end() && found->second.is_idle) Watch(fd, {Clock::now() + allowed_, false});
}

void ConnectionDeadlines::Forget(int fd) {
  const std::lock_guard lock(mutex_);
  watched_.erase(fd);
}

void ConnectionDeadlines::MakeRoom(std::size_t places) {
  const std::lock_guard lock(mutex_);
  auto made = static_cast<std::size_t>(
      std::ranges::count_if(watched_, [](const auto& entry) { return entry.second.end == kCut; }));
  for (; made < places; made++) {
    // All idle connections get the same time, so the one that ends first has been idle for longest.
    auto longest = watched_.end();
    for (auto candidate = watched_.begin(); candidate != watched_.end(); ++candidate) {
      const bool is_longer = longest == watched_.end() || candidate->second.end < longest->second.end;
      if (candidate->second.is_idle && is_longer && !HasBytesToRead(candidate->first)) longest = candidate;
    }
    if (longest == watched_.end()) return;
    Cut(longest->first, &longest->second);
  }
}

void ConnectionDeadlines::CutUntilStopped() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    next_look_ = CutWhatIsDue();
    if (next_look_ == Clock::time_point::max()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, next_look_);
    }
  }
}

ConnectionDeadlines::Clock::time_point ConnectionDeadlines::CutWhatIsDue() {
  const Clock::time_point now = Clock::now();
  Clock::time_point next = Clock::time_point::max();
  for (auto& [fd, watched] : watched_) {
    if (watched.end <= now) Cut(fd, &watched);
    next = std::min(next, watched.end);
  }
  return next;
}

void ConnectionDeadlines::Cut(int fd, Watched* watched) {
  // Not close(): the library owns the descriptor. It reads the end of the connection and closes it.
  shutdown(fd, SHUT_RDWR);
  *watched = {kCut, false};
}

}  // namespace shmetrics::agent

#include "agent/http/connection_deadlines.h"

#include <sys/socket.h>

#include <algorithm>

namespace shmetrics::agent {

ConnectionDeadlines::ConnectionDeadlines(std::chrono::milliseconds allowed)
    : allowed_(allowed), thread_([this] { CutUntilStopped(); }) {}

ConnectionDeadlines::~ConnectionDeadlines() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void ConnectionDeadlines::Restart(int fd) {
  const std::lock_guard lock(mutex_);
  ends_[fd] = Clock::now() + allowed_;
  // All connections get the same time, so later ones end later. The thread needs waking only for the first.
  if (ends_.size() == 1) changed_.notify_one();
}

void ConnectionDeadlines::Forget(int fd) {
  const std::lock_guard lock(mutex_);
  ends_.erase(fd);
}

void ConnectionDeadlines::CutUntilStopped() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    if (ends_.empty()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, CutWhatIsDue());
    }
  }
}

ConnectionDeadlines::Clock::time_point ConnectionDeadlines::CutWhatIsDue() {
  const Clock::time_point now = Clock::now();
  Clock::time_point next = now + allowed_;
  for (auto& [fd, end] : ends_) {
    if (end <= now) {
      // Not close(): the library owns the descriptor. It reads the end of the connection and closes it.
      shutdown(fd, SHUT_RDWR);
      end = Clock::time_point::max();
    }
    next = std::min(next, end);
  }
  return next;
}

}  // namespace shmetrics::agent

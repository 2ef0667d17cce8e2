#ifndef SHMETRICS_SHM_BASE_UNIQUE_FD_H_
#define SHMETRICS_SHM_BASE_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace shmetrics::shm {

/// Owns one file descriptor, or none (-1).
class UniqueFd {
 public:
  explicit UniqueFd(int fd = -1) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() {
    if (fd_ >= 0) close(fd_);
  }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_BASE_UNIQUE_FD_H_

#ifndef SHMETRICS_SHM_BASE_UNIQUE_FD_H_
#define SHMETRICS_SHM_BASE_UNIQUE_FD_H_

#include <unistd.h>

#include <cerrno>
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
  /// Keeps errno, which often tells why a descriptor is given up.
  ~UniqueFd() {
    if (fd_ < 0) return;
    const int error = errno;
    close(fd_);
    errno = error;
  }

  int get() const { return fd_; }
  /// Gives the descriptor up without closing it.
  int Release() { return std::exchange(fd_, -1); }
  bool valid() const { return fd_ >= 0; }

 private:
  int fd_;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_BASE_UNIQUE_FD_H_

#ifndef SHMETRICS_TESTS_SOAK_ROOM_H_
#define SHMETRICS_TESTS_SOAK_ROOM_H_

#include <fcntl.h>
#include <sys/statvfs.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "shm/base/unique_fd.h"

namespace shmetrics::soak {

/// The free space on a tmpfs. It can be filled and freed.
class Room {
 public:
  explicit Room(const std::string& folder) : folder_(folder), filler_(folder + "/filler") {}

  void Fill() {
    struct statvfs status {};
    const shm::UniqueFd file(open(filler_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (statvfs(folder_.c_str(), &status) != 0) return;
    // Fails if another process was faster. Then there is some space left, which is a case worth testing too.
    if (posix_fallocate(file.get(), 0, static_cast<off_t>(status.f_bfree * status.f_bsize)) == 0) times_++;
    is_full_ = true;
  }
  void Free() {
    std::filesystem::remove(filler_);
    is_full_ = false;
  }
  bool is_full() const { return is_full_; }
  std::uint64_t times() const { return times_; }

 private:
  std::string folder_;
  std::string filler_;
  bool is_full_ = false;
  std::uint64_t times_ = 0;
};

}  // namespace shmetrics::soak

#endif  // SHMETRICS_TESTS_SOAK_ROOM_H_

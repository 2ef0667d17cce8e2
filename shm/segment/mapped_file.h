#ifndef SHMETRICS_SHM_SEGMENT_MAPPED_FILE_H_
#define SHMETRICS_SHM_SEGMENT_MAPPED_FILE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "shm/base/unique_fd.h"
#include "shm/result.h"

namespace shmetrics::shm {

/// A whole file, mapped for all who have it open. It is mapped without taking memory, also if the process has
/// called mlockall(MCL_FUTURE): a segment is mostly holes, and locking would fill them all. Unmapped with
/// this object.
class MappedFile {
 public:
  enum class Protection : std::uint8_t { kReadOnly, kReadWrite };

  MappedFile() = default;
  /// kNotOpenable if the kernel refuses. `path` is for the message. Costs three system calls.
  static Result<MappedFile> Map(const UniqueFd& file, const std::string& path, Protection protection,
                                std::uint64_t bytes);

  MappedFile(MappedFile&& other) noexcept
      : base_(std::exchange(other.base_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MappedFile();

  char* base() const { return base_; }

 private:
  MappedFile(char* base, std::uint64_t bytes) : base_(base), bytes_(bytes) {}

  char* base_ = nullptr;
  std::uint64_t bytes_ = 0;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SEGMENT_MAPPED_FILE_H_

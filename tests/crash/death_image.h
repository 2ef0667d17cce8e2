#ifndef SHMETRICS_TESTS_CRASH_DEATH_IMAGE_H_
#define SHMETRICS_TESTS_CRASH_DEATH_IMAGE_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shm/base/unique_fd.h"
#include "tests/crash/tracee.h"

namespace shmetrics::testing {

/// Makes `to` a file with the same bytes and holes. Does nothing if there is no `from`.
void CopySegment(const std::string& from, const std::string& to);

/// What a segment would be if a traced process, its only user, were killed now. The record locks of a dead
/// process need no emulation: the image is another file, which nobody has locked.
class DeathImage {
 public:
  /// Watches the segment at `path`. It need not exist yet.
  explicit DeathImage(std::string path) : path_(std::move(path)) {}
  ~DeathImage();
  DeathImage(const DeathImage&) = delete;
  DeathImage& operator=(const DeathImage&) = delete;

  /// Looks at the segment and at the stopped process. True if a death now would leave something else than at
  /// the last look.
  bool Update(const Tracee& tracee);
  /// Writes the image to a file, with the robust mutexes as the kernel leaves them when `dead`, the same
  /// process, dies. Writes no file if there is no segment.
  void WriteTo(const std::string& path, pid_t dead) const;

 private:
  struct Stretch {
    std::uint64_t offset;
    std::uint64_t bytes;
  };
  void Map();
  std::vector<Stretch> InUse() const;
  bool TakeBytes();
  std::optional<off_t> OffsetOf(std::uint64_t address, pid_t pid) const;

  const std::string path_;
  shm::UniqueFd file_;
  const char* mapped_ = nullptr;
  std::uint64_t bytes_ = 0;
  bool is_first_look_ = true;
  // At the last look:
  std::vector<char> copy_;                   ///< of what was in use
  std::vector<std::uint64_t> robust_words_;  ///< addresses in the process
};

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_CRASH_DEATH_IMAGE_H_

#include "shm/base/open_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace shmetrics::shm {
namespace {

constexpr int kStandardStreams = 3;
/// The application may close one of the three again at the wrong moment. That it does so at each of these
/// tries is out of the question.
constexpr int kMaxOpens = 16;

/// Takes the free numbers below 3. False if there are no descriptors left.
bool FillStandardStreams(UniqueFd (&fillers)[kStandardStreams]) {
  for (int stream = 0; stream < kStandardStreams; stream++) {
    if (fcntl(stream, F_GETFD) != -1) continue;
    UniqueFd filler(open("/", O_PATH | O_CLOEXEC));
    if (!filler.valid()) return false;
    if (filler.get() < kStandardStreams) fillers[filler.get()] = std::move(filler);
  }
  return true;
}

UniqueFd TryOpen(const char* path, int flags, mode_t mode) {
  UniqueFd fillers[kStandardStreams];
  if (!FillStandardStreams(fillers)) return UniqueFd();
  return UniqueFd(open(path, flags | O_CLOEXEC, mode));
}

}  // namespace

UniqueFd OpenFile(const char* path, int flags, mode_t mode) {
  for (int i = 0; i < kMaxOpens; i++) {
    errno = 0;
    UniqueFd file = TryOpen(path, flags, mode);
    if (!file.valid() || file.get() >= kStandardStreams) return file;
  }
  errno = EBUSY;
  return UniqueFd();
}

}  // namespace shmetrics::shm

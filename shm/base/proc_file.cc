#include "shm/base/proc_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>

#include "shm/base/fork_guard.h"
#include "shm/base/open_file.h"

namespace shmetrics::shm {

std::optional<std::string_view> ReadProcFile(const char* path, std::span<char> buffer) {
  const ForkGuard::NoFork no_fork;  // while the file is open
  errno = EAGAIN;
  const UniqueFd file = no_fork.held() ? OpenFile(path, O_RDONLY) : UniqueFd();
  if (!file.valid()) return std::nullopt;
  no_fork.CloseInChild(file.get());
  const ssize_t length = read(file.get(), buffer.data(), buffer.size());
  if (length < 0) return std::nullopt;
  return std::string_view(buffer.data(), static_cast<std::size_t>(length));
}

std::optional<std::string> ReadWholeProcFile(const char* path) {
  const ForkGuard::NoFork no_fork;  // while the file is open
  errno = EAGAIN;
  const UniqueFd file = no_fork.held() ? OpenFile(path, O_RDONLY) : UniqueFd();
  if (!file.valid()) return std::nullopt;
  no_fork.CloseInChild(file.get());
  std::string text;
  for (;;) {
    char part[4096];
    const ssize_t length = read(file.get(), part, sizeof part);
    if (length < 0) return std::nullopt;
    if (length == 0) return text;
    text.append(part, static_cast<std::size_t>(length));
  }
}

bool IsProcOfThisNamespace() {
  char own[16] = {};
  return readlink("/proc/self", own, sizeof own - 1) > 0 && std::atoi(own) == getpid();
}

}  // namespace shmetrics::shm

#include "client-lib/config/regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <new>

#include "shm/base/fork_guard.h"
#include "shm/base/open_file.h"
#include "shm/base/unique_fd.h"

namespace shmetrics::config {
namespace {

constexpr std::size_t kMostBytes = std::size_t{16} << 20U;

bool IsNullDevice(const struct stat& file) {
  return S_ISCHR(file.st_mode) && major(file.st_rdev) == 1 && minor(file.st_rdev) == 3;
}

const char* KindOf(mode_t mode) {
  return S_ISDIR(mode) ? "a folder" : S_ISFIFO(mode) ? "a pipe" : "a device";
}

}  // namespace

Result<std::string> ReadRegularFile(const std::string& path) {
  const auto fail = [&path](const std::string& what, ErrorCode code = ErrorCode::kBadOption) {
    return Error{code, path + ": " + what};
  };
  const auto fail_by_system = [&](const char* what) {
    const bool is_absent = errno == ENOENT || errno == ENOTDIR;
    return fail(what + std::string(std::strerror(errno)),
                is_absent ? ErrorCode::kAbsent : ErrorCode::kBadOption);
  };
  // A child would inherit the file that is being read.
  const shm::ForkGuard::NoFork no_fork;
  // A pipe is opened at once with O_NONBLOCK, and found out below.
  const shm::UniqueFd fd = shm::OpenFile(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fd.valid() && errno == ENOMEM) throw std::bad_alloc();
  if (!fd.valid()) return fail_by_system("could not be opened: ");
  no_fork.CloseInChild(fd.get());
  struct stat file {};
  if (fstat(fd.get(), &file) != 0) return fail_by_system("could not be read: ");
  if (IsNullDevice(file)) return std::string();
  if (!S_ISREG(file.st_mode)) return fail("is " + std::string(KindOf(file.st_mode)) + " and not a file");
  std::string text;
  std::array<char, 16'384> buffer;
  while (true) {
    const ssize_t count = read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_by_system("could not be read: ");
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
    if (text.size() > kMostBytes) return fail("is larger than 16 MiB");
  }
}

}  // namespace shmetrics::config

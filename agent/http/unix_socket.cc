#include "agent/http/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "shm/base/unique_fd.h"

namespace shmetrics::agent {
namespace {

constexpr mode_t kPermissions = S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP;

Error Refusal(const std::string& reason) { return {ErrorCode::kBadOption, reason}; }
Error SystemRefusal() { return Refusal(std::strerror(errno)); }

int StreamSocket() { return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

/// Removes the socket that a dead process left here.
Result<void> RemoveStale(const std::string& path, const sockaddr_un& address) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) return Result<void>();
  if (!S_ISSOCK(found.st_mode)) return Refusal("there is something that is not a socket");
  const shm::UniqueFd probe(StreamSocket());
  if (!probe.valid()) return SystemRefusal();
  // EAGAIN means that someone listens, with a full backlog. Only a refusal says that nobody listens.
  if (connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
      errno != ECONNREFUSED) {
    return Refusal("another process listens there");
  }
  if (unlink(path.c_str()) != 0) return SystemRefusal();
  return Result<void>();
}

}  // namespace

Result<int> ListenOnUnixSocket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Refusal("the path is longer than the " + std::to_string(sizeof address.sun_path - 1) +
                   " bytes that the system takes");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const Result<void> way = RemoveStale(path, address);
  if (!way.ok()) return way.error();

  const int fd = StreamSocket();
  if (fd < 0) return SystemRefusal();
  // Before bind(), so that the file is never open to more users than it should be. Again after it, because
  // the umask may have removed some permissions.
  if (fchmod(fd, kPermissions) == 0 &&
      bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      chmod(path.c_str(), kPermissions) == 0 && listen(fd, SOMAXCONN) == 0) {
    return fd;
  }
  const Error refusal = SystemRefusal();
  close(fd);
  return refusal;
}

void RemoveUnixSocket(const std::string& path) {
  struct stat found {};
  if (lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode)) unlink(path.c_str());
}

}  // namespace shmetrics::agent

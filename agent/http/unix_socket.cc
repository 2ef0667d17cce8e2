#include "agent/http/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "shm/base/unique_fd.h"

namespace shmetrics::agent {
namespace {

/// Leaves 0660. chmod() after bind() would follow a link that has taken the path meanwhile.
constexpr mode_t kUmask = S_IXUSR | S_IXGRP | S_IRWXO;

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

Result<UnixSocket> ListenOnUnixSocket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Refusal("the path is longer than the " + std::to_string(sizeof address.sun_path - 1) +
                   " bytes that the system takes");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const Result<void> way = RemoveStale(path, address);
  if (!way.ok()) return way.error();

  shm::UniqueFd socket(StreamSocket());
  if (!socket.valid()) return SystemRefusal();
  const mode_t former = umask(kUmask);
  const int bound = bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  umask(former);
  if (bound != 0) return SystemRefusal();
  shm::UniqueFd file(open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!file.valid() || listen(socket.get(), SOMAXCONN) != 0) {
    const Error refusal = SystemRefusal();
    if (file.valid()) RemoveUnixSocket(path, file.Release());
    return refusal;
  }
  return UnixSocket{socket.Release(), file.Release()};
}

void RemoveUnixSocket(const std::string& path, int file) {
  struct stat ours {};
  struct stat found {};
  if (fstat(file, &ours) == 0 && lstat(path.c_str(), &found) == 0 && found.st_dev == ours.st_dev &&
      found.st_ino == ours.st_ino && S_ISSOCK(found.st_mode)) {
    unlink(path.c_str());
  }
  close(file);
}

}  // namespace shmetrics::agent

#include "agent/listener.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

#include "agent/unix_socket.h"

namespace shmetrics::agent {
namespace {

Error CannotListen(const ListenAddress& address, const std::string& reason) {
  return {ErrorCode::kBadOption, "cannot listen on " + ToString(address) + ": " + reason};
}

/// The socket, or the errno that stood in the way, negative.
int ListenOn(const addrinfo& address) {
  const int fd = socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  const int on = 1;
  // A restarted agent gets its port back although connections of the former one linger.
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(fd, address.ai_addr, address.ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0) return fd;
  const int error = errno;
  close(fd);
  return -error;
}

/// Where a socket is bound; a TCP socket's host as a number.
ListenAddress AddressOf(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  if (address.ss_family == AF_UNIX) {
    return {.host = {}, .port = 0, .unix_path = reinterpret_cast<const sockaddr_un*>(&address)->sun_path};
  }
  std::array<char, NI_MAXHOST> host{};
  getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host.data(), host.size(), nullptr, 0,
              NI_NUMERICHOST);
  return {host.data(),
          ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                                              : reinterpret_cast<const sockaddr_in*>(&address)->sin_port)};
}

}  // namespace

Result<Listener> Listen(const ListenAddress& address) {
  if (!address.unix_path.empty()) {
    const Result<int> fd = ListenOnUnixSocket(address.unix_path);
    if (!fd.ok()) return CannotListen(address, fd.error().message);
    return Listener{fd.value(), address, true};
  }
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  // A socket on :: takes IPv4 as well.
  const int error = getaddrinfo(address.host.empty() ? "::" : address.host.c_str(),
                                std::to_string(address.port).c_str(), &hints, &found);
  if (error != 0) return CannotListen(address, gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);

  int listening = -EADDRNOTAVAIL;
  for (const addrinfo* candidate = found; candidate != nullptr; candidate = candidate->ai_next) {
    listening = ListenOn(*candidate);
    if (listening >= 0) return Listener{listening, {address.host, AddressOf(listening).port}};
    // "localhost" may have an IPv6 number that this machine does not; any other trouble is the user's to
    // know.
    if (listening != -EADDRNOTAVAIL && listening != -EAFNOSUPPORT) break;
  }
  return CannotListen(address, std::strerror(-listening));
}

Result<std::vector<Listener>> TakeActivationSockets() {
  const int count = sd_listen_fds(1);
  if (count < 0) {
    return Error{ErrorCode::kBadOption,
                 std::string("cannot take the sockets that LISTEN_FDS tells of: ") + std::strerror(-count)};
  }
  std::vector<Listener> listeners;
  for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + count; fd++) {
    if (sd_is_socket_inet(fd, AF_UNSPEC, SOCK_STREAM, 1, 0) <= 0 &&
        sd_is_socket_unix(fd, SOCK_STREAM, 1, nullptr, 0) <= 0) {
      return Error{ErrorCode::kBadOption, "file descriptor " + std::to_string(fd) +
                                              ", which LISTEN_FDS hands over, is not a stream socket that "
                                              "listens on TCP or on a Unix path"};
    }
    // A client that is gone before it is accepted must not hold up the only thread that serves.
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    listeners.push_back({fd, AddressOf(fd)});
  }
  return listeners;
}

void Close(const Listener& listener) {
  // The file goes first: once the socket is closed another agent may take it for a dead one's, and put its own there.
  if (listener.owns_path) RemoveUnixSocket(listener.address.unix_path);
  close(listener.fd);
}

}  // namespace shmetrics::agent

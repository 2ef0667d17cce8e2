#include "agent/http/listener.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "agent/http/unix_socket.h"

namespace shmetrics::agent {
namespace {

Error CannotListen(const ListenAddress& address, const std::string& reason) {
  return {ErrorCode::kBadOption, "cannot listen on " + ToString(address) + ": " + reason};
}

/// The socket, or the negative errno if it failed.
int ListenOn(const addrinfo& address) {
  const int fd = socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  const int on = 1;
  // A restarted agent gets its port back even if connections of the former one linger.
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  // A socket on :: accepts IPv4 too, whatever the system's default. Other sockets do not have this option.
  const int off = 0;
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  if (bind(fd, address.ai_addr, address.ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0) return fd;
  const int error = errno;
  close(fd);
  return -error;
}

/// The socket, or the reason why there is none: kAbsent if this machine does not have such an address.
Result<int> ListenOnHost(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) return Error{ErrorCode::kBadOption, gai_strerror(error)};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
  int listening = -EADDRNOTAVAIL;
  for (const addrinfo* candidate = found; candidate != nullptr; candidate = candidate->ai_next) {
    listening = ListenOn(*candidate);
    if (listening >= 0) return listening;
    // "localhost" may have an IPv6 number that this machine does not have. Other errors are reported to the
    // user.
    if (listening != -EADDRNOTAVAIL && listening != -EAFNOSUPPORT) {
      return Error{ErrorCode::kBadOption, std::strerror(-listening)};
    }
  }
  return Error{ErrorCode::kAbsent, std::strerror(-listening)};
}

/// The address a socket is bound to; a TCP host as a number.
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
    const Result<UnixSocket> socket = ListenOnUnixSocket(address.unix_path);
    if (!socket.ok()) return CannotListen(address, socket.error().message);
    return Listener{socket->fd, address, socket->file};
  }
  Result<int> fd = ListenOnHost(address.host.empty() ? "::" : address.host, address.port);
  if (!fd.ok() && address.host.empty() && fd.error().code == ErrorCode::kAbsent) {
    fd = ListenOnHost("0.0.0.0", address.port);  // a machine without IPv6
  }
  if (!fd.ok()) return CannotListen(address, fd.error().message);
  return Listener{fd.value(), {address.host, AddressOf(fd.value()).port}};
}

Result<std::vector<Listener>> ListenOnAll(const ListenAddress& address) {
  std::vector<Listener> listeners;
  if (strcasecmp(address.host.c_str(), "localhost") != 0) {
    const Result<Listener> listener = Listen(address);
    if (!listener.ok()) return listener.error();
    listeners.push_back(listener.value());
    return listeners;
  }
  std::uint16_t port = address.port;
  for (const char* number : {"127.0.0.1", "::1"}) {
    const Result<int> fd = ListenOnHost(number, port);
    if (!fd.ok() && fd.error().code == ErrorCode::kAbsent) continue;
    if (!fd.ok()) {
      std::ranges::for_each(listeners, Close);
      return CannotListen({number, port}, fd.error().message);
    }
    port = AddressOf(fd.value()).port;
    listeners.push_back({fd.value(), {address.host, port}});
  }
  if (listeners.empty()) return CannotListen(address, "this machine has neither 127.0.0.1 nor ::1");
  return listeners;
}

Result<std::vector<Listener>> AdoptActivationSockets() {
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
    // A client that is gone before it is accepted must not block the only serving thread.
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    const ListenAddress address = AddressOf(fd);
    if (sd_is_socket_unix(fd, SOCK_STREAM, 1, nullptr, 0) > 0 && address.unix_path.empty()) {
      return Error{ErrorCode::kBadOption,
                   "file descriptor " + std::to_string(fd) +
                       ", which LISTEN_FDS hands over, is a Unix socket without a path; "
                       "nothing could say who may connect to it"};
    }
    listeners.push_back({fd, address});
  }
  return listeners;
}

void StopListening(Listener* listener) {
  if (std::exchange(listener->owns_path, false)) RemoveUnixSocket(listener->address.unix_path);
  const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing < 0) return;  // then new connections wait until Close()
  dup3(nothing, listener->fd, O_CLOEXEC);
  close(nothing);
}

void Close(const Listener& listener) {
  // Removes the file first: once the socket is closed, another agent may consider the file stale and put its
  // own there.
  if (listener.file >= 0) RemoveUnixSocket(listener.address.unix_path, listener.file);
  close(listener.fd);
}

}  // namespace shmetrics::agent

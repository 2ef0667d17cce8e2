#include "tests/support/http_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <sstream>

namespace shmetrics::testing {
namespace {

std::string LowerCase(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

HttpAnswer Parse(const std::string& bytes) {
  HttpAnswer answer;
  const std::size_t head_end = bytes.find("\r\n\r\n");
  if (!bytes.starts_with("HTTP/1.1 ") || head_end == std::string::npos) return answer;
  answer.status = std::atoi(bytes.c_str() + std::string("HTTP/1.1 ").size());
  answer.body = bytes.substr(head_end + 4);
  std::istringstream head(bytes.substr(0, head_end));
  std::string line;
  std::getline(head, line);
  while (std::getline(head, line)) {
    if (line.ends_with('\r')) line.pop_back();
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos) answer.headers[LowerCase(line.substr(0, colon))] = line.substr(colon + 2);
  }
  return answer;
}

shm::UniqueFd ConnectTo(const sockaddr* address, socklen_t size) {
  shm::UniqueFd fd(socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(fd.get(), address, size) != 0) return shm::UniqueFd();
  return fd;
}

std::string Exchange(const shm::UniqueFd& fd, const std::string& bytes,
                     const std::function<bool(const std::string&)>& is_complete = {}) {
  if (!fd.valid()) return {};
  SendAll(fd.get(), bytes);
  return ReceiveAll(fd.get(), is_complete);
}

std::string Head(const std::string& method, const std::string& path, const std::string& headers) {
  return method + ' ' + path + " HTTP/1.1\r\n" + headers + "Connection: close\r\n\r\n";
}

}  // namespace

shm::UniqueFd Connect(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ConnectTo(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

shm::UniqueFd Connect(const std::string& unix_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  unix_path.copy(address.sun_path, sizeof address.sun_path - 1);
  return ConnectTo(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

void SendAll(int fd, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return;
    sent += static_cast<std::size_t>(n);
  }
}

std::string ReceiveAll(int fd, const std::function<bool(const std::string&)>& is_complete) {
  std::string received;
  std::array<char, 65536> buffer;
  for (ssize_t n = 0; (n = recv(fd, buffer.data(), buffer.size(), 0)) > 0;) {
    received.append(buffer.data(), static_cast<std::size_t>(n));
    if (is_complete && is_complete(received)) break;
  }
  return received;
}

std::string SendRaw(std::uint16_t port, const std::string& bytes,
                    const std::function<bool(const std::string&)>& is_complete) {
  return Exchange(Connect(port), bytes, is_complete);
}

std::string SendRaw(const std::string& unix_path, const std::string& bytes) {
  return Exchange(Connect(unix_path), bytes);
}

HttpAnswer Request(std::uint16_t port, const std::string& method, const std::string& path) {
  return Parse(SendRaw(port, Head(method, path, "Host: localhost\r\n")));
}

HttpAnswer GetWith(std::uint16_t port, const std::string& path, const std::string& headers) {
  return Parse(SendRaw(port, Head("GET", path, headers)));
}

HttpAnswer Get(const std::string& unix_path, const std::string& path) {
  return Parse(SendRaw(unix_path, Head("GET", path, "Host: localhost\r\n")));
}

}  // namespace shmetrics::testing

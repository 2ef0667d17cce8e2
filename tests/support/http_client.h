#ifndef SHMETRICS_TESTS_SUPPORT_HTTP_CLIENT_H_
#define SHMETRICS_TESTS_SUPPORT_HTTP_CLIENT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "shm/base/unique_fd.h"

namespace shmetrics::testing {

/// An answer over HTTP/1.1; status 0 if there was none.
struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

/// Connects to a port of 127.0.0.1, or to a Unix socket. Returns no descriptor (-1) if nobody listens.
shm::UniqueFd Connect(std::uint16_t port);
shm::UniqueFd Connect(const std::string& unix_path);

/// Sends as much of `bytes` as the other side takes.
void SendAll(int fd, const std::string& bytes);
/// Receives until the other side closes, or until `is_complete` is true for what has come.
std::string ReceiveAll(int fd, const std::function<bool(const std::string&)>& is_complete = {});

/// Sends `bytes` on a new connection and returns the answer, received as by ReceiveAll().
std::string SendRaw(std::uint16_t port, const std::string& bytes,
                    const std::function<bool(const std::string&)>& is_complete = {});
std::string SendRaw(const std::string& unix_path, const std::string& bytes);

/// Sends one request on a new connection.
HttpAnswer Request(std::uint16_t port, const std::string& method, const std::string& path);
/// Sends a GET with these header lines, each with its line end.
HttpAnswer GetWith(std::uint16_t port, const std::string& path, const std::string& headers);
HttpAnswer Get(const std::string& unix_path, const std::string& path);

inline HttpAnswer Get(std::uint16_t port, const std::string& path) { return Request(port, "GET", path); }

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_HTTP_CLIENT_H_

#ifndef SHMETRICS_TESTS_SUPPORT_HTTP_CLIENT_H_
#define SHMETRICS_TESTS_SUPPORT_HTTP_CLIENT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace shmetrics::testing {

/// An answer over HTTP/1.1; status 0 if there was none.
struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

/// Sends `bytes` to a port of 127.0.0.1 and returns all that comes back until the other side closes, or `is_complete` says
/// of what has come that it is.
std::string SendRaw(std::uint16_t port, const std::string& bytes,
                    const std::function<bool(const std::string&)>& is_complete = {});

/// One request on a connection of its own.
HttpAnswer Request(std::uint16_t port, const std::string& method, const std::string& path);

inline HttpAnswer Get(std::uint16_t port, const std::string& path) { return Request(port, "GET", path); }

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_HTTP_CLIENT_H_

#ifndef SHMETRICS_AGENT_HTTP_REQUEST_HEAD_H_
#define SHMETRICS_AGENT_HTTP_REQUEST_HEAD_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shmetrics::agent {

/// True for the words that HTTP is made of, as methods and names of headers.
bool IsToken(std::string_view text);

/// A request's head, taken apart but not interpreted. Its views point into the bytes it was read from.
struct RequestHead {
  std::string_view method;
  std::string_view version;
  std::string_view target;                                             ///< as it was sent, undecoded
  std::vector<std::pair<std::string_view, std::string_view>> headers;  ///< all, also those sent twice
  std::string client = {};  ///< the client's address, for which wrong passwords are counted
  /// Why the head cannot be taken apart, in a sentence, and the status that says so; 0: it can.
  int fault_status = 0;
  std::string_view fault = {};

  /// All values of a header, in their order.
  std::vector<std::string_view> Values(std::string_view name) const;

  /// True if the client does not want to send another request on the connection, or may not.
  bool EndsConnection() const;
};

/// What a request target names.
struct RequestTarget {
  /// The host of the absolute form, http://HOST/PATH, which stands for the Host header.
  std::optional<std::string_view> authority = {};
  std::string_view path = {};   ///< undecoded; "*" in OPTIONS *
  std::string_view query = {};  ///< undecoded, without its question mark
};

/// Nothing if the target is of no form that a server of this kind answers.
std::optional<RequestTarget> ParseTarget(std::string_view target);

/// Takes a head apart: the bytes from the request line to the empty line. A line may end in LF alone. If the
/// bytes are malformed, the head has a fault, and as much of the request line as could be read.
RequestHead ParseHead(std::string_view bytes);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_REQUEST_HEAD_H_

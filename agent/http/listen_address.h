#ifndef SHMETRICS_AGENT_HTTP_LISTEN_ADDRESS_H_
#define SHMETRICS_AGENT_HTTP_LISTEN_ADDRESS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shmetrics::agent {

/// Where to listen, as in --web.listen-address: on a Unix socket if there is a path, else on TCP.
struct ListenAddress {
  std::string host = {};       ///< name or number without brackets; empty: all addresses of the machine
  std::uint16_t port = 0;      ///< 0: any free port
  std::string unix_path = {};  ///< absolute; host and port are ignored beside it

  bool operator==(const ListenAddress&) const = default;
};

/// Parses HOST:PORT, [IPV6]:PORT, :PORT or unix:/PATH; nothing for other texts.
std::optional<ListenAddress> ParseListenAddress(std::string_view text);

/// In the form that ParseListenAddress() accepts.
std::string ToString(const ListenAddress& address);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_LISTEN_ADDRESS_H_

#ifndef SHMETRICS_AGENT_HTTP_LISTEN_ADDRESS_H_
#define SHMETRICS_AGENT_HTTP_LISTEN_ADDRESS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shmetrics::agent {

/// Where to listen, as --web.listen-address has it: on TCP, or on a Unix socket if there is a path.
struct ListenAddress {
  std::string host = {};       ///< name or number without brackets; empty: every address of the machine
  std::uint16_t port = 0;      ///< 0: any free one
  std::string unix_path = {};  ///< absolute; host and port mean nothing beside it

  bool operator==(const ListenAddress&) const = default;
};

/// HOST:PORT, [IPV6]:PORT, :PORT or unix:/PATH; nothing for any other text.
std::optional<ListenAddress> ParseListenAddress(std::string_view text);

/// As ParseListenAddress() takes it.
std::string ToString(const ListenAddress& address);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_LISTEN_ADDRESS_H_

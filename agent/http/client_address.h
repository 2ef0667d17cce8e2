#ifndef SHMETRICS_AGENT_HTTP_CLIENT_ADDRESS_H_
#define SHMETRICS_AGENT_HTTP_CLIENT_ADDRESS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shmetrics::agent {

/// One address, or all whose first bits are the same. IPv4 is held as IPv6 holds it, ::ffff:a.b.c.d.
struct AddressRange {
  std::array<std::uint8_t, 16> address{};
  unsigned bits = 128;  ///< the bits behind them are 0

  bool Contains(const AddressRange& other) const;
  bool operator==(const AddressRange&) const = default;
};

/// In the form that ParseAddressRange() accepts.
std::string ToString(const AddressRange& range);

/// Parses ADDRESS or ADDRESS/BITS, of IPv4 or IPv6; nothing for other texts, or if bits behind BITS are set.
std::optional<AddressRange> ParseAddressRange(std::string_view text);

/// The name under which a client's passwords are counted. `peer` is the address that the connection comes
/// from. If that is one of `trusted_proxies`, it is the last address in X-Forwarded-For that is not: each
/// proxy adds whom it got the request from at the end, so everything before that is what strangers say.
/// `forwarded_for` are the header's values in their order. The whole /64 of an IPv6 address is one client,
/// because each client there has as many addresses as it wants.
std::string ClientName(std::string_view peer, const std::vector<std::string_view>& forwarded_for,
                       const std::vector<AddressRange>& trusted_proxies);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_CLIENT_ADDRESS_H_

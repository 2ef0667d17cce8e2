#include "agent/http/client_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <span>
#include <system_error>

#include "shm/base/trim.h"

namespace shmetrics::agent {
namespace {

constexpr unsigned kAddressBits = 128;
constexpr unsigned kBitsBeforeIpv4 = 96;
constexpr unsigned kNetworkBits = 64;
constexpr std::array<std::uint8_t, 12> kIpv4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

bool IsIpv4(const AddressRange& address) {
  return std::ranges::equal(kIpv4Prefix, std::span(address.address).first<kIpv4Prefix.size()>());
}

/// `bits` of the address, and zeros.
AddressRange Masked(AddressRange range, unsigned bits) {
  range.bits = bits;
  for (unsigned bit = bits; bit < kAddressBits; ++bit) {
    range.address[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
  }
  return range;
}

std::optional<AddressRange> ParseAddress(std::string_view text) {
  const std::string number(text.substr(0, text.find('%')));  // without the interface of a link-local address
  AddressRange parsed;
  if (inet_pton(AF_INET6, number.c_str(), parsed.address.data()) == 1) return parsed;
  std::ranges::copy(kIpv4Prefix, parsed.address.begin());
  if (inet_pton(AF_INET, number.c_str(), parsed.address.data() + kIpv4Prefix.size()) == 1) return parsed;
  return std::nullopt;
}

/// An address in X-Forwarded-For: some proxies add the port, and brackets around IPv6.
std::optional<AddressRange> ParseForwarded(std::string_view text) {
  if (text.starts_with('[')) return ParseAddress(text.substr(1, text.find(']') - 1));
  if (std::ranges::count(text, ':') == 1) text = text.substr(0, text.find(':'));
  return ParseAddress(text);
}

std::string NameOf(const AddressRange& address) {
  return ToString(IsIpv4(address) ? address : Masked(address, kNetworkBits));
}

}  // namespace

bool AddressRange::Contains(const AddressRange& other) const {
  return bits <= other.bits && Masked(other, bits) == *this;
}

std::string ToString(const AddressRange& range) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool is_ipv4 = IsIpv4(range) && range.bits >= kBitsBeforeIpv4;
  if (is_ipv4) {
    inet_ntop(AF_INET, range.address.data() + kIpv4Prefix.size(), text.data(), text.size());
  } else {
    inet_ntop(AF_INET6, range.address.data(), text.data(), text.size());
  }
  if (range.bits == kAddressBits) return text.data();
  return text.data() + ("/" + std::to_string(is_ipv4 ? range.bits - kBitsBeforeIpv4 : range.bits));
}

std::optional<AddressRange> ParseAddressRange(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (text.find('%') != std::string_view::npos) return std::nullopt;
  std::optional<AddressRange> range = ParseAddress(text.substr(0, slash));
  if (!range || slash == std::string_view::npos) return range;
  const std::string_view number = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), bits);
  if (error != std::errc() || end != number.data() + number.size() || bits > kAddressBits) {
    return std::nullopt;
  }
  if (text.substr(0, slash).find(':') == std::string_view::npos) bits += kBitsBeforeIpv4;
  if (bits > kAddressBits) return std::nullopt;
  const AddressRange masked = Masked(*range, bits);
  return masked.address == range->address ? std::optional(masked) : std::nullopt;
}

std::string ClientName(std::string_view peer, const std::vector<std::string_view>& forwarded_for,
                       const std::vector<AddressRange>& trusted_proxies) {
  std::optional<AddressRange> client = ParseAddress(peer);
  if (!client) return std::string(peer);  // a Unix socket
  const auto is_trusted = [&](const AddressRange& address) {
    return std::ranges::any_of(trusted_proxies,
                               [&](const AddressRange& range) { return range.Contains(address); });
  };
  std::vector<std::string_view> hops;
  for (std::string_view rest : forwarded_for) {
    while (!rest.empty()) {
      const std::size_t comma = std::min(rest.find(','), rest.size());
      hops.push_back(shm::Trim(rest.substr(0, comma)));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  while (is_trusted(*client) && !hops.empty()) {
    const std::optional<AddressRange> before = ParseForwarded(hops.back());
    if (!before) break;  // "unknown": the proxy that wrote it stands for it
    client = before;
    hops.pop_back();
  }
  return NameOf(*client);
}

}  // namespace shmetrics::agent

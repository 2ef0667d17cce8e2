#include "agent/http/host_check.h"

#include <arpa/inet.h>
#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <optional>

namespace shmetrics::agent {
namespace {

struct Authority {
  std::string_view name;  // without brackets and final dot
  std::string_view port;  // empty: the default port of the scheme
};

std::optional<Authority> Split(std::string_view host) {
  Authority authority;
  std::size_t end = host.find(':');
  if (host.starts_with('[')) {
    end = host.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    authority.name = host.substr(1, end - 1);
    end++;
  } else {
    authority.name = host.substr(0, end);
    if (authority.name.ends_with('.')) authority.name.remove_suffix(1);
  }
  const std::string_view rest = host.substr(std::min(end, host.size()));
  if (!rest.empty()) {
    if (!rest.starts_with(':') || rest.find_first_not_of("0123456789", 1) != std::string_view::npos) {
      return std::nullopt;
    }
    authority.port = rest.substr(1);
  }
  if (authority.name.empty()) return std::nullopt;
  return authority;
}

bool IsSame(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

int Family(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> number;
  for (const int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, name.c_str(), number.data()) == 1) return family;
  }
  return AF_UNSPEC;
}

bool IsLoopback(const std::string& host) {
  return IsSame(host, "localhost") || host == "::1" || (Family(host) == AF_INET && host.starts_with("127."));
}

std::string MachineName() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

}  // namespace

bool IsHostAllowed(std::string_view host, const ListenAddress& address,
                   const std::vector<std::string>& allowed) {
  if (!address.unix_path.empty()) return true;
  const std::optional<Authority> asked = Split(host);
  if (!asked) return false;
  if (Family(std::string(asked->name)) != AF_UNSPEC || IsSame(asked->name, "localhost") ||
      IsSame(asked->name, address.host)) {
    return true;
  }
  if (!IsLoopback(address.host) && IsSame(asked->name, MachineName())) return true;
  return std::ranges::any_of(allowed, [&](const std::string& entry) {
    if (entry == "*") return true;
    const std::optional<Authority> taken = Split(entry);
    return taken && IsSame(asked->name, taken->name) && (taken->port.empty() || taken->port == asked->port);
  });
}

}  // namespace shmetrics::agent

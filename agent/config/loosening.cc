#include "agent/config/loosening.h"

#include <strings.h>

#include <algorithm>
#include <string>
#include <vector>

namespace shmetrics::agent {
namespace {

bool StartsWithHost(const std::string& entry, const std::string& host) {
  return entry.size() >= host.size() && strncasecmp(entry.data(), host.data(), host.size()) == 0;
}

/// True if every Host that `entry` allows is allowed by `allowed` too. NAME allows each NAME:PORT.
bool Covers(const std::string& allowed, const std::string& entry) {
  if (allowed == "*") return true;
  if (!StartsWithHost(entry, allowed)) return false;
  const std::string rest = entry.substr(allowed.size());
  return rest.empty() ||
         (rest.starts_with(':') && rest.find_first_not_of("0123456789", 1) == std::string::npos);
}

bool IsBeyondLoopback(const ListenAddress& address) {
  return address.unix_path.empty() && address.host != "localhost" && address.host != "::1" &&
         !address.host.starts_with("127.");
}

/// The sentences for one line.
class Openings {
 public:
  Openings(const Config& running, const Config& next) : running_(running), next_(next) {
    AddFile();
    AddPolicy(running.http_policy, next.http_policy);
    for (const ListenAddress& address : next.listen_addresses) {
      if (IsBeyondLoopback(address) &&
          std::ranges::find(running.listen_addresses, address) == running.listen_addresses.end()) {
        Add("[web] listen_address: " + ToString(address) + " is new and beyond the loopback");
      }
    }
    if (next.trusted_owner != running.trusted_owner && next.trusted_owner != static_cast<uid_t>(-1)) {
      Add("[segment] trusted_owner: another user");
    }
    if (running.audio.hash_user_id && !next.audio.hash_user_id) {
      Add("[Audio-Quota] hash_user_id: user ids would be shown");
    }
  }

  const std::string& text() const { return text_; }

 private:
  void AddFile() {
    if (!running_.file) return;
    if (!next_.file) {
      Add(running_.file->path + " was there and is gone");
    } else if (next_.file->is_empty && !running_.file->is_empty) {
      Add(next_.file->path + " has become empty");
    } else if (next_.file->ends_within_a_line && !running_.file->ends_within_a_line) {
      Add(next_.file->path + " ends within a line, as if it were still being written");
    }
  }

  void AddPolicy(const HttpPolicy& running, const HttpPolicy& next) {
    if (!running.users.empty() && next.users.empty()) Add("[web.users]: the last user is gone");
    if (running.tls && !next.tls) Add("[web] tls_certificate: TLS would be off");
    for (const std::string& host : next.allowed_hosts) {
      const auto covers = [&](const std::string& allowed) { return Covers(allowed, host); };
      if (!std::ranges::any_of(running.allowed_hosts, covers)) {
        Add("[web] allowed_hosts: " + host + " is new");
      }
    }
    for (const AddressRange& range : next.trusted_proxies) {
      const auto contains = [&](const AddressRange& trusted) { return trusted.Contains(range); };
      if (!std::ranges::any_of(running.trusted_proxies, contains)) {
        Add("[web] trusted_proxies: " + ToString(range) + " is new");
      }
    }
  }

  void Add(const std::string& sentence) { text_ += (text_.empty() ? "" : "; ") + sentence; }

  const Config& running_;
  const Config& next_;
  std::string text_;
};

}  // namespace

Result<void> RefuseLoosening(const Config& running, const Config& next) {
  const std::string opened = Openings(running, next).text();
  if (opened.empty()) return {};
  return Error{ErrorCode::kBadOption, "only a restart opens what was closed: " + opened};
}

}  // namespace shmetrics::agent

#include "agent/http/password_throttle.h"

namespace shmetrics::agent {
namespace {

constexpr std::chrono::seconds kSenderWaits{1};
constexpr int kPartsForOthers = 4;

}  // namespace

bool PasswordThrottle::MayLook(const std::string& client, Clock::time_point now) const {
  if (now < everybody_waits_until_) return false;
  const auto found = waits_until_.find(client);
  return found == waits_until_.end() || now >= found->second;
}

void PasswordThrottle::WasWrong(const std::string& client, Clock::time_point began, Clock::time_point now) {
  everybody_waits_until_ = now + kPartsForOthers * (now - began);
  std::erase_if(waits_until_, [&](const auto& waiting) { return waiting.second <= now; });
  waits_until_[client] = now + kSenderWaits;
}

}  // namespace shmetrics::agent

#include "agent/http/recent_failures.h"

#include <algorithm>

namespace shmetrics::agent {

void RecentFailures::Add(const std::string& who, Clock::time_point now) {
  last_[who] = now;
  if (last_.size() <= kMost) return;
  std::erase_if(last_, [&](const auto& failure) { return failure.second + kRemembered <= now; });
  if (last_.size() <= kMost) return;
  last_.erase(std::ranges::min_element(last_, {}, [](const auto& failure) { return failure.second; }));
}

std::optional<RecentFailures::Clock::time_point> RecentFailures::Last(const std::string& who,
                                                                      Clock::time_point now) const {
  const auto found = last_.find(who);
  if (found == last_.end() || found->second + kRemembered <= now) return std::nullopt;
  return found->second;
}

}  // namespace shmetrics::agent

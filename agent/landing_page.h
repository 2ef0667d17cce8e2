#ifndef SHMETRICS_AGENT_LANDING_PAGE_H_
#define SHMETRICS_AGENT_LANDING_PAGE_H_

#include <span>
#include <string>
#include <string_view>

#include "agent/segment_follower.h"

namespace shmetrics::agent {

struct Link {
  std::string_view path;
  std::string_view title;
};

/// The policy that goes with the page: it needs nothing but itself.
inline constexpr std::string_view kLandingPagePolicy =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A page of HTML that says what the agent reads and where its answers are. Every text in it is escaped.
std::string LandingPage(const SegmentView& view, std::string_view segment_path, std::span<const Link> links);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_LANDING_PAGE_H_

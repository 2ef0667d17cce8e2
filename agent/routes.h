#ifndef SHMETRICS_AGENT_ROUTES_H_
#define SHMETRICS_AGENT_ROUTES_H_

#include <cstdint>
#include <mutex>
#include <span>
#include <string_view>

#include "agent/http_message.h"
#include "agent/segment_follower.h"

namespace shmetrics::agent {

class Routes;

/// One line of the route table. A path is matched whole, to the last slash.
struct Route {
  std::string_view path;
  std::string_view title;  ///< for the landing page
  HttpResponse (Routes::*answer)();
};

/// From a path to an answer. Every answer but /-/healthy is made from a fresh look at the segment. With no
/// segment the metrics are those of the agent alone, so that Prometheus' `up` stays 1 and shmetrics_up says
/// what is missing; of a corrupt one there is nothing to be said, and the answer is 503.
class Routes {
 public:
  /// `table` and `follower` must live as long as this.
  Routes(std::span<const Route> table, SegmentFollower* follower);

  /// Thread-safe: one answer is made at a time.
  HttpResponse Handle(const HttpRequest& request);

  // What the table can name; called by Handle() only.
  HttpResponse Metrics();
  HttpResponse MetricsMap();
  HttpResponse MetricsDocument();
  HttpResponse Workers();
  HttpResponse Healthy();
  HttpResponse Ready();
  HttpResponse Landing();

 private:
  bool IsCorrupt() const { return view_.state == SegmentView::State::kCorrupt; }
  /// JSON from `write`, or the 503 of a corrupt segment.
  template <class Write>
  HttpResponse Json(Write write);
  HttpResponse Unavailable() const;

  std::span<const Route> table_;
  SegmentFollower* follower_;
  std::mutex mutex_;
  SegmentView view_;
  std::uint64_t scrapes_ = 0;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_ROUTES_H_

#ifndef SHMETRICS_AGENT_ROUTES_H_
#define SHMETRICS_AGENT_ROUTES_H_

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/audio/ledger_load_watch.h"
#include "agent/exposition/negotiation.h"
#include "agent/http/http_message.h"
#include "agent/own_metrics/agent_stats.h"
#include "agent/view/recent_lease_keys.h"
#include "agent/view/segment_follower.h"
#include "client-lib/audio/config.h"
#include "shm/exposition/format.h"
#include "shm/leases/ledger_record.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

class Routes;

/// What of /metrics is a matter of configuration.
struct MetricsOptions {
  bool exporter_metrics = true;      ///< also what the agent itself costs
  bool openmetrics_created = false;  ///< in OpenMetrics when each counter and histogram began
};

/// One line of the route table. A path is matched whole, to the last slash.
struct Route {
  using Answer = HttpResponse (Routes::*)(const HttpRequest&);
  /// Answers in the format that was negotiated; counted as a scrape.
  using Scrape = HttpResponse (Routes::*)(const HttpRequest&, shm::Exposition);

  std::string_view path;
  std::string_view title;  ///< for the page
  std::variant<Answer, Scrape> answer;
};

/// Chooses the format of a scrape by its Accept header.
using Negotiator = std::function<shm::Exposition(std::string_view accept)>;

/// From a path to an answer. Every answer but /-/healthy is made from a fresh look at the segment. With no
/// segment the metrics are those of the agent alone, so that Prometheus' `up` stays 1 and shmetrics_up says
/// what is missing; of a corrupt one there is nothing to be said, and the answer is 503.
class Routes {
 public:
  /// `table` and `follower` must live as long as this, `audio` until SetAudio() is given another.
  Routes(std::span<const Route> table, SegmentFollower* follower, const audio::AudioConfig* audio,
         MetricsOptions metrics_options = {}, Negotiator negotiate = Negotiate);

  /// What goes by the audio definitions goes by these from now on; the file that the ledger is saved in stays. Thread-safe.
  void SetAudio(const audio::AudioConfig* audio);

  /// What the agent's own metrics tell; to be recorded in by who does it.
  AgentStats& stats() { return stats_; }

  /// Thread-safe: one answer is made at a time; they are compressed side by side, which takes longer.
  HttpResponse Handle(const HttpRequest& request);

  /// The ledger as it is now, to be saved; none while it is not the whole: without a segment, or before a worker has
  /// taken over what was saved before. Without raw ids where ids are to be hashed. Thread-safe.
  std::optional<std::vector<shm::LedgerRecord>> LedgerToSave();

  // What the table can name; called by Handle() only.
  HttpResponse Metrics(const HttpRequest& request, shm::Exposition exposition);
  HttpResponse MetricsMap(const HttpRequest& request);
  HttpResponse MetricsDocument(const HttpRequest& request);
  HttpResponse Workers(const HttpRequest& request);
  HttpResponse StreamStatus(const HttpRequest& request);
  HttpResponse StreamLimits(const HttpRequest& request);
  HttpResponse Healthy(const HttpRequest& request);
  HttpResponse Ready(const HttpRequest& request);
  HttpResponse Status(const HttpRequest& request);
  HttpResponse Families(const HttpRequest& request);
  HttpResponse Page(const HttpRequest& request);

 private:
  HttpResponse AnswerScrape(Route::Scrape scrape, const HttpRequest& request);
  /// What `answer` says to `request`, made under the lock and compressed without it.
  template <class... Negotiated>
  HttpResponse Encoded(HttpResponse (Routes::*answer)(const HttpRequest&, Negotiated...),
                       const HttpRequest& request, Negotiated... negotiated);
  /// A fresh view_.
  void Look(shm::ExemplarReading exemplars = shm::ExemplarReading::kSkip);
  bool IsCorrupt() const { return view_.state == SegmentView::State::kCorrupt; }
  /// JSON from `write`, or the 503 of a corrupt segment.
  template <class Write>
  HttpResponse Json(Write write);
  HttpResponse Unavailable() const;

  std::span<const Route> table_;
  SegmentFollower* follower_;
  const audio::AudioConfig* audio_;
  const MetricsOptions metrics_options_;
  const Negotiator negotiate_;
  AgentStats stats_;
  std::mutex mutex_;
  SegmentView view_;
  GoneKeys gone_keys_;
  LoadWatch load_watch_;
  std::vector<shm::LedgerRecord> ledger_;  ///< its memory is used again
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_ROUTES_H_

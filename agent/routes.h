#ifndef SHMETRICS_AGENT_ROUTES_H_
#define SHMETRICS_AGENT_ROUTES_H_

#include <functional>
#include <span>
#include <string_view>
#include <variant>

#include "agent/exposition/negotiation.h"
#include "agent/http/http_message.h"
#include "agent/own_metrics/agent_stats.h"
#include "agent/view/current_view.h"
#include "client-lib/audio/config.h"
#include "shm/exposition/format.h"

namespace shmetrics::agent {

class Routes;

/// What of /metrics is a matter of configuration.
struct MetricsOptions {
  bool exporter_metrics = true;      ///< also what the agent itself costs
  bool openmetrics_created = false;  ///< in OpenMetrics when each counter and histogram began
};

/// One line of the route table. A path is matched whole, to the last slash.
struct Route {
  using Answer = HttpResponse (Routes::*)(const HttpRequest&, CurrentView::Turn*);
  /// Answers in the format that was negotiated; counted as a scrape.
  using Scrape = HttpResponse (Routes::*)(const HttpRequest&, CurrentView::Turn*, shm::Exposition);

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
  /// `table` and `view` must live as long as this, `audio` until SetAudio() is given another.
  Routes(std::span<const Route> table, CurrentView* view, const audio::AudioConfig* audio,
         MetricsOptions metrics_options = {}, Negotiator negotiate = Negotiate);

  /// What goes by the audio definitions goes by these from now on; the file that the ledger is saved in stays. Thread-safe.
  void SetAudio(const audio::AudioConfig* audio);

  /// What the agent's own metrics tell; to be recorded in by who does it.
  AgentStats& stats() { return stats_; }

  /// Thread-safe: one answer is made at a time; they are compressed side by side, which takes longer.
  HttpResponse Handle(const HttpRequest& request);

  // What the table can name; called by Handle() only, in a turn at the view.
  HttpResponse Metrics(const HttpRequest& request, CurrentView::Turn* turn, shm::Exposition exposition);
  HttpResponse MetricsMap(const HttpRequest& request, CurrentView::Turn* turn);
  HttpResponse MetricsDocument(const HttpRequest& request, CurrentView::Turn* turn);
  HttpResponse Workers(const HttpRequest& request, CurrentView::Turn* turn);
  HttpResponse StreamStatus(const HttpRequest& request, CurrentView::Turn* turn);
  HttpResponse StreamLimits(const HttpRequest& request, CurrentView::Turn* turn);
  HttpResponse Healthy(const HttpRequest& request, CurrentView::Turn* turn);
  HttpResponse Ready(const HttpRequest& request, CurrentView::Turn* turn);
  HttpResponse Status(const HttpRequest& request, CurrentView::Turn* turn);
  HttpResponse Families(const HttpRequest& request, CurrentView::Turn* turn);
  HttpResponse Page(const HttpRequest& request, CurrentView::Turn* turn);

 private:
  HttpResponse AnswerScrape(Route::Scrape scrape, const HttpRequest& request);
  /// What `answer` says to `request`, made in a turn at the view and compressed after it.
  template <class... Negotiated>
  HttpResponse Encoded(HttpResponse (Routes::*answer)(const HttpRequest&, CurrentView::Turn*, Negotiated...),
                       const HttpRequest& request, Negotiated... negotiated);
  /// JSON from `write`, or the 503 of a corrupt segment.
  template <class Write>
  static HttpResponse Json(CurrentView::Turn* turn, Write write);

  std::span<const Route> table_;
  CurrentView* const view_;
  const audio::AudioConfig* audio_;  ///< guarded by the turns
  const MetricsOptions metrics_options_;
  const Negotiator negotiate_;
  AgentStats stats_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_ROUTES_H_

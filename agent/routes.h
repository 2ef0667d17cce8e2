#ifndef SHMETRICS_AGENT_ROUTES_H_
#define SHMETRICS_AGENT_ROUTES_H_

#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "agent/exposition/negotiation.h"
#include "agent/history/history.h"
#include "agent/http/http_message.h"
#include "agent/own_metrics/agent_stats.h"
#include "agent/view/current_view.h"
#include "client-lib/audio/config.h"
#include "shm/exposition/format.h"

namespace shmetrics::agent {

class Routes;

/// The configurable parts of /metrics.
struct MetricsOptions {
  bool exporter_metrics = true;      ///< shows what the agent itself costs
  bool openmetrics_created = false;  ///< says in OpenMetrics when each counter and histogram began
};

/// One row of the route table. Only the whole path matches, including its last slash.
struct Route {
  /// Waits for nothing: the thread that serves the connections calls it.
  using Prompt = HttpResponse (Routes::*)(const HttpRequest&);
  using Answer = HttpResponse (Routes::*)(const HttpRequest&, CurrentView::Turn*);
  /// Answers in the negotiated format. The answer is counted as a scrape.
  using Scrape = HttpResponse (Routes::*)(const HttpRequest&, CurrentView::Turn*, shm::Exposition);

  std::string_view path;
  std::string_view title;  ///< for the page
  std::variant<Prompt, Answer, Scrape> answer;
  /// The parameters that it has, divided by blanks. Requests with others are refused, because a misspelt
  /// parameter would give an answer to another question. "*" takes any: probes add what they like.
  std::string_view parameters = {};
};

/// Chooses the format of a scrape by its Accept header.
using Negotiator = std::function<shm::Exposition(std::string_view accept)>;

/// Answers requests by their path. Every answer of a route that is not prompt comes from a fresh look at the
/// segment. Without a segment, the metrics are the agent's own: Prometheus' `up` stays 1, and shmetrics_up
/// says what is missing. If the segment is corrupt, the answer is 503.
class Routes {
 public:
  /// `table` and `view` must outlive this. `audio` must live until SetAudio() replaces it.
  Routes(std::span<const Route> table, CurrentView* view, const audio::AudioConfig* audio,
         MetricsOptions metrics_options = {}, Negotiator negotiate = Negotiate);

  /// Replaces the audio definitions. The file in which the ledger is saved stays the same. When this returns,
  /// no answer uses the former definitions. Thread-safe.
  void SetAudio(const audio::AudioConfig* audio);

  /// The source of the agent's own metrics. The code that does something records it here.
  AgentStats& stats() { return stats_; }
  /// What PastValues() answers from. A HistorySampler fills it.
  History& history() { return history_; }

  /// Thread-safe. Answers are written one at a time, but compressed in parallel: compression takes longer.
  HttpResponse Handle(const HttpRequest& request);

  /// The same for requests that no look at the segment is needed for, and that are answered without waiting;
  /// nothing for others. Thread-safe.
  std::optional<HttpResponse> HandlePromptly(const HttpRequest& request);

  // The answers that the table can name. Only the two above call them; those with a turn, during that turn.
  HttpResponse Metrics(const HttpRequest& request, CurrentView::Turn* turn, shm::Exposition exposition);
  HttpResponse MetricsMap(const HttpRequest& request, CurrentView::Turn* turn);
  HttpResponse MetricsDocument(const HttpRequest& request, CurrentView::Turn* turn);
  HttpResponse Workers(const HttpRequest& request, CurrentView::Turn* turn);
  HttpResponse StreamStatus(const HttpRequest& request, CurrentView::Turn* turn);
  HttpResponse StreamLimits(const HttpRequest& request, CurrentView::Turn* turn);
  HttpResponse Healthy(const HttpRequest& request);
  HttpResponse Ready(const HttpRequest& request);
  HttpResponse Status(const HttpRequest& request, CurrentView::Turn* turn);
  HttpResponse Families(const HttpRequest& request, CurrentView::Turn* turn);
  HttpResponse Series(const HttpRequest& request, CurrentView::Turn* turn);
  HttpResponse PastValues(const HttpRequest& request, CurrentView::Turn* turn);
  HttpResponse Page(const HttpRequest& request);

 private:
  HttpResponse AnswerScrape(Route::Scrape scrape, const HttpRequest& request);
  /// Calls `answer` during a turn at the view, and compresses the answer after the turn.
  template <class... Negotiated>
  HttpResponse Encoded(HttpResponse (Routes::*answer)(const HttpRequest&, CurrentView::Turn*, Negotiated...),
                       const HttpRequest& request, Negotiated... negotiated);
  /// The JSON that `write` appends, or the 503 for a corrupt segment. For a HEAD nothing is written.
  template <class Write>
  static HttpResponse Json(const HttpRequest& request, CurrentView::Turn* turn, Write write);

  std::span<const Route> table_;
  CurrentView* const view_;
  const audio::AudioConfig* audio_;  ///< guarded by the turns at the view
  const MetricsOptions metrics_options_;
  const Negotiator negotiate_;
  AgentStats stats_;
  History history_;  ///< guarded by the turns at the view
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_ROUTES_H_

#include "agent/routes.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/audio/quota_json.h"
#include "agent/exposition/exposition.h"
#include "agent/http/content_coding.h"
#include "agent/json/families_json.h"
#include "agent/json/history_json.h"
#include "agent/json/json.h"
#include "agent/json/series_json.h"
#include "agent/json/status_json.h"
#include "agent/json/workers_json.h"
#include "agent/own_metrics/self_metrics.h"
#include "agent/page/page.h"
#include "agent/view/series_search.h"
#include "client-lib/audio/definitions.h"
#include "shm/base/clock.h"
#include "shm/exposition/name_filter.h"
#include "shm/leases/ledger.h"
#include "shm/series/label_block.h"

namespace shmetrics::agent {
namespace {

constexpr std::size_t kDefaultTop = 10;
constexpr std::size_t kMaxTop = 100;
/// How old the number of leases in the status may be: to count them, all must be read.
constexpr std::chrono::seconds kOldestLeases{10};

HttpResponse BadRequest(std::string_view sentence) {
  HttpResponse answer{400, "application/json", {}};
  WriteErrorJson(sentence, &answer.body);
  return answer;
}

/// Every file of the page carries the page's policy: a file must not be allowed more when it is opened alone.
HttpResponse PageAnswer(std::string_view content_type, std::string body) {
  return {200,
          std::string(content_type),
          std::move(body),
          {{"Content-Security-Policy", std::string(kPagePolicy)}, {"Referrer-Policy", "no-referrer"}}};
}

/// How many series a request wants; nothing if its number is invalid.
std::optional<std::size_t> TopOf(const HttpRequest& request, std::size_t most = kMaxTop) {
  const std::optional<std::string_view> text = request.Parameter("top");
  if (!text) return kDefaultTop;
  std::size_t top = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), top);
  if (error != std::errc() || end != text->data() + text->size() || top > most) return std::nullopt;
  return top;
}

HttpResponse InvalidTop(std::size_t most) {
  return BadRequest("top is how many series of a family are wanted, 0 to " + std::to_string(most) + ".");
}

/// The answer to a request with a parameter that the route does not have; nothing if it has them all.
std::optional<HttpResponse> RefusalOfParameters(const Route& route, const HttpRequest& request) {
  if (route.parameters == "*") return std::nullopt;
  const std::string known = ' ' + std::string(route.parameters) + ' ';
  const auto stranger = std::ranges::find_if(request.parameters, [&known](const auto& parameter) {
    return parameter.first.empty() || parameter.first.find(' ') != std::string_view::npos ||
           known.find(' ' + std::string(parameter.first) + ' ') == std::string::npos;
  });
  if (stranger == request.parameters.end()) return std::nullopt;
  constexpr std::size_t kMaxShown = 64;  // a longer one is no slip of the pen
  const bool is_shown = stranger->first.size() <= kMaxShown && shm::IsValidUtf8(stranger->first);
  const std::string name = is_shown ? "'" + std::string(stranger->first) + "'" : "of this name";
  const std::string sentence =
      "There is no parameter " + name + " here; " +
      (route.parameters.empty() ? "there is none." : "there are: " + std::string(route.parameters) + ".");
  const bool is_scrape = std::holds_alternative<Route::Scrape>(route.answer);
  return is_scrape ? PlainText(400, sentence) : BadRequest(sentence);
}

HttpResponse WithoutBody(HttpResponse answer) {
  answer.has_body = false;
  return answer;
}

bool IsCorrupt(const SegmentView& seen) { return seen.state == SegmentView::State::kCorrupt; }

HttpResponse Unavailable(const SegmentView& seen) { return PlainText(503, seen.message); }

}  // namespace

Routes::Routes(std::span<const Route> table, CurrentView* view, const audio::AudioConfig* audio,
               MetricsOptions metrics_options, Negotiator negotiate)
    : table_(table),
      view_(view),
      audio_(audio),
      metrics_options_(metrics_options),
      negotiate_(std::move(negotiate)) {}

void Routes::SetAudio(const audio::AudioConfig* audio) {
  // During this turn, nobody else writes an answer, so nobody uses the former definitions.
  const CurrentView::Turn turn(view_);
  audio_ = audio;
}

HttpResponse Routes::Handle(const HttpRequest& request) {
  if (std::optional<HttpResponse> prompt = HandlePromptly(request)) return std::move(*prompt);
  const auto route = std::ranges::find(table_, request.path, &Route::path);
  if (const auto* const scrape = std::get_if<Route::Scrape>(&route->answer)) {
    return AnswerScrape(*scrape, request);
  }
  return Encoded(std::get<Route::Answer>(route->answer), request);
}

std::optional<HttpResponse> Routes::HandlePromptly(const HttpRequest& request) {
  if (const std::optional<Asset> asset = FindAsset(request.path)) {
    return PageAnswer(asset->content_type, std::string(asset->bytes));
  }
  const auto route = std::ranges::find(table_, request.path, &Route::path);
  if (route == table_.end()) return PlainText(404, "There is nothing here; / lists what there is.");
  if (std::optional<HttpResponse> refusal = RefusalOfParameters(*route, request)) return refusal;
  const auto* const prompt = std::get_if<Route::Prompt>(&route->answer);
  if (prompt == nullptr) return std::nullopt;
  HttpResponse response = (this->**prompt)(request);
  Encode(request.accept_encoding, &response);
  return response;
}

HttpResponse Routes::AnswerScrape(Route::Scrape scrape, const HttpRequest& request) {
  const shm::Exposition exposition = negotiate_(request.accept);
  ScrapeStats::Scrape counted(&stats_.scrapes, shm::FormatName(exposition.format));
  HttpResponse answer = Encoded(scrape, request, exposition);
  counted.Answered(answer.status, answer.body.size());
  return answer;
}

template <class... Negotiated>
HttpResponse Routes::Encoded(HttpResponse (Routes::*answer)(const HttpRequest&, CurrentView::Turn*,
                                                            Negotiated...),
                             const HttpRequest& request, Negotiated... negotiated) {
  std::optional<CurrentView::Turn> turn(std::in_place, view_);
  HttpResponse response = (this->*answer)(request, &*turn, negotiated...);
  turn.reset();
  Encode(request.accept_encoding, &response);
  return response;
}

HttpResponse Routes::Metrics(const HttpRequest& request, CurrentView::Turn* turn,
                             shm::Exposition exposition) {
  SegmentView& seen = turn->Look(shm::IsOpenMetrics(exposition.format) ? shm::ExemplarReading::kRead
                                                                       : shm::ExemplarReading::kSkip);
  if (IsCorrupt(seen)) return Unavailable(seen);
  HttpResponse answer{200, shm::ContentType(exposition), {}, {{"Vary", "Accept"}}};
  if (request.is_head) return WithoutBody(std::move(answer));
  SelfMetrics own(seen, view_->segment_path(), &stats_, metrics_options_.exporter_metrics);
  const std::vector<std::string_view> names = request.Parameters("name[]");
  const shm::NameFilter filter(names, audio::kAliases);
  filter.Apply(&seen.snapshot);
  filter.Apply(own.mutable_snapshot());
  WriteExposition(std::array{&std::as_const(seen.snapshot), &own.snapshot()}, exposition,
                  metrics_options_.openmetrics_created || request.Parameter("created") == "true",
                  &answer.body);
  return answer;
}

HttpResponse Routes::MetricsMap(const HttpRequest& request, CurrentView::Turn* turn) {
  return Json(request, turn, [&](shm::Snapshot* snapshot, std::string* out) {
    shm::NameFilter(request.Parameters("name[]"), audio::kAliases).Apply(snapshot);
    WriteMetricsJson(*snapshot, out);
  });
}

HttpResponse Routes::MetricsDocument(const HttpRequest& request, CurrentView::Turn* turn) {
  return Json(request, turn, [&](shm::Snapshot* snapshot, std::string* out) {
    shm::NameFilter(request.Parameters("name[]"), audio::kAliases).Apply(snapshot);
    WriteMetricsDocumentJson(*snapshot, shm::NowNs(CLOCK_REALTIME), out);
  });
}

HttpResponse Routes::Workers(const HttpRequest& request, CurrentView::Turn* turn) {
  return Json(request, turn,
              [](shm::Snapshot* snapshot, std::string* out) { WriteWorkersJson(*snapshot, out); });
}

HttpResponse Routes::StreamStatus(const HttpRequest& request, CurrentView::Turn* turn) {
  return Json(request, turn, [this](shm::Snapshot* snapshot, std::string* out) {
    WriteStreamStatusJson(*snapshot, *audio_, out);
  });
}

HttpResponse Routes::StreamLimits(const HttpRequest& request, CurrentView::Turn* turn) {
  const std::string_view user_id = request.Parameter("user_id").value_or("");
  if (user_id.empty()) return BadRequest("Say whose limits: ?user_id=...");
  if (user_id.size() > audio::kMaxUserIdBytes) {
    return BadRequest("A user_id has at most " + std::to_string(audio::kMaxUserIdBytes) + " bytes.");
  }
  if (!shm::IsValidUtf8(user_id)) return BadRequest("A user_id is UTF-8.");
  return Json(request, turn, [&](shm::Snapshot* snapshot, std::string* out) {
    WriteStreamLimitsJson(*snapshot, turn->Ledger(), *audio_, user_id, shm::UtcDay(), out);
  });
}

HttpResponse Routes::Healthy(const HttpRequest& /*request*/) { return PlainText(200, "The agent is alive."); }

HttpResponse Routes::Ready(const HttpRequest& /*request*/) {
  CurrentView::Standing now = view_->Now();
  return PlainText(now.state == SegmentView::State::kAttached ? 200 : 503, std::move(now.message));
}

HttpResponse Routes::Status(const HttpRequest& /*request*/, CurrentView::Turn* turn) {
  HttpResponse answer{200, "application/json", {}};
  WriteStatusJson(turn->LookNotOlderThan(kOldestLeases), view_->segment_path(), &answer.body);
  return answer;
}

HttpResponse Routes::Families(const HttpRequest& request, CurrentView::Turn* turn) {
  const std::optional<std::size_t> top = TopOf(request);
  if (!top) return InvalidTop(kMaxTop);
  const std::vector<std::string_view> names = request.Parameters("name[]");
  return Json(request, turn, [&](shm::Snapshot* snapshot, std::string* out) {
    if (names.empty()) return WriteFamilyListJson(*snapshot, shm::NowNs(CLOCK_REALTIME), out);
    WriteTopSeriesJson(*snapshot, names, *top, shm::NowNs(CLOCK_REALTIME), out);
  });
}

HttpResponse Routes::Series(const HttpRequest& request, CurrentView::Turn* turn) {
  const std::optional<std::size_t> top = TopOf(request);
  if (!top) return InvalidTop(kMaxTop);
  const Result<SeriesSearch> search = SeriesSearch::Parse(request.Parameter("search").value_or(""));
  if (!search.ok()) return BadRequest(search.error().message);
  return Json(request, turn, [&](shm::Snapshot* snapshot, std::string* out) {
    shm::NameFilter(request.Parameters("name[]"), audio::kAliases).Apply(snapshot);
    WriteFoundSeriesJson(*snapshot, search->Run(*snapshot, *top), shm::NowNs(CLOCK_REALTIME), out);
  });
}

HttpResponse Routes::PastValues(const HttpRequest& request, CurrentView::Turn* /*turn*/) {
  const std::optional<std::size_t> top = TopOf(request, RingTable::kRows);
  if (!top) return InvalidTop(RingTable::kRows);
  HttpResponse answer{200, "application/json", {}};
  if (request.is_head) return WithoutBody(std::move(answer));
  WriteHistoryJson(history_, request.Parameters("name[]"), *top,
                   {shm::NowNs(CLOCK_REALTIME), shm::NowNs(CLOCK_BOOTTIME)}, &answer.body);
  return answer;
}

HttpResponse Routes::Page(const HttpRequest& /*request*/) {
  std::vector<Link> links;
  for (const Route& route : table_) links.push_back({route.path, route.title});
  return PageAnswer("text/html; charset=utf-8", PageHtml(links));
}

template <class Write>
HttpResponse Routes::Json(const HttpRequest& request, CurrentView::Turn* turn, Write write) {
  SegmentView& seen = turn->Look();
  if (IsCorrupt(seen)) return Unavailable(seen);
  HttpResponse answer{200, "application/json", {}};
  if (request.is_head) return WithoutBody(std::move(answer));
  write(&seen.snapshot, &answer.body);
  return answer;
}

}  // namespace shmetrics::agent

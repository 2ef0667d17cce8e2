#include "agent/routes.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "agent/exposition/json.h"
#include "agent/exposition/text.h"
#include "agent/exposition/workers_json.h"
#include "agent/landing_page.h"
#include "agent/self_metrics.h"

namespace shmetrics::agent {
namespace {

HttpResponse PlainText(int status, std::string line) {
  return {status, "text/plain; charset=utf-8", std::move(line) + '\n'};
}

std::int64_t UnixNow() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

}  // namespace

Routes::Routes(std::span<const Route> table, SegmentFollower* follower)
    : table_(table), follower_(follower) {}

HttpResponse Routes::Handle(const HttpRequest& request) {
  const auto route = std::ranges::find(table_, request.path, &Route::path);
  if (route == table_.end()) return PlainText(404, "There is nothing here; / lists what there is.");
  const std::lock_guard lock(mutex_);
  return (this->*route->answer)();
}

HttpResponse Routes::Metrics() {
  follower_->Read(&view_);
  if (IsCorrupt()) return Unavailable();
  ++scrapes_;
  HttpResponse answer{200, std::string(kTextContentType), {}};
  WriteText(view_.snapshot, &answer.body);
  const SelfMetrics own(view_.snapshot, view_.state == SegmentView::State::kAttached, scrapes_);
  WriteText(own.snapshot(), &answer.body);
  return answer;
}

HttpResponse Routes::MetricsMap() {
  return Json([](const shm::Snapshot& snapshot, std::string* out) { WriteMetricsJson(snapshot, out); });
}

HttpResponse Routes::MetricsDocument() {
  return Json([](const shm::Snapshot& snapshot, std::string* out) {
    WriteMetricsDocumentJson(snapshot, UnixNow(), out);
  });
}

HttpResponse Routes::Workers() {
  return Json([](const shm::Snapshot& snapshot, std::string* out) { WriteWorkersJson(snapshot, out); });
}

HttpResponse Routes::Healthy() { return PlainText(200, "The agent is alive."); }

HttpResponse Routes::Ready() {
  follower_->Read(&view_);
  return PlainText(view_.state == SegmentView::State::kAttached ? 200 : 503, view_.message);
}

HttpResponse Routes::Landing() {
  follower_->Read(&view_);
  std::vector<Link> links;
  for (const Route& route : table_) links.push_back({route.path, route.title});
  return {200,
          "text/html; charset=utf-8",
          LandingPage(view_, follower_->path(), links),
          {{"Content-Security-Policy", std::string(kLandingPagePolicy)}}};
}

template <class Write>
HttpResponse Routes::Json(Write write) {
  follower_->Read(&view_);
  if (IsCorrupt()) return Unavailable();
  HttpResponse answer{200, "application/json", {}};
  write(view_.snapshot, &answer.body);
  return answer;
}

HttpResponse Routes::Unavailable() const { return PlainText(503, view_.message); }

}  // namespace shmetrics::agent

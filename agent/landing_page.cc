#include "agent/landing_page.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "agent/version.h"

namespace shmetrics::agent {
namespace {

std::string Escape(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string_view Word(SegmentView::State state) {
  switch (state) {
    case SegmentView::State::kWaiting:
      return "waiting";
    case SegmentView::State::kAttached:
      return "attached";
    case SegmentView::State::kCorrupt:
      return "corrupt";
  }
  return "unknown";
}

std::string Row(std::string_view name, std::string_view value) {
  return "<tr><th>" + Escape(name) + "</th><td>" + Escape(value) + "</td></tr>\n";
}

}  // namespace

std::string LandingPage(const SegmentView& view, std::string_view segment_path, std::span<const Link> links) {
  const shm::Snapshot& snapshot = view.snapshot;
  const std::size_t series = std::accumulate(
      snapshot.families.begin(), snapshot.families.end(), std::size_t{0},
      [](std::size_t sum, const shm::FamilySnapshot& family) { return sum + family.series.size(); });
  const auto alive = std::ranges::count_if(snapshot.workers, &shm::WorkerSnapshot::alive);

  std::string page =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>shmetrics</title></head>\n"
      "<body>\n<h1>shmetrics</h1>\n<table>\n";
  page += Row("Version", kVersion);
  page += Row("Segment", segment_path);
  page += Row("State", std::string(Word(view.state)) + ": " + view.message);
  page += Row("Families", std::to_string(snapshot.families.size()));
  page += Row("Series", std::to_string(series));
  page += Row("Workers alive", std::to_string(alive));
  page += "</table>\n<ul>\n";
  for (const Link& link : links) {
    page += "<li><a href=\"" + Escape(link.path) + "\">" + Escape(link.path) + "</a>: " + Escape(link.title) +
            "</li>\n";
  }
  page += "</ul>\n</body>\n</html>\n";
  return page;
}

}  // namespace shmetrics::agent

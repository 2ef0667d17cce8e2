#include "agent/own_metrics/scrape_stats.h"

#include <algorithm>
#include <string>

#include "shm/exposition/format.h"

namespace shmetrics::agent {

using shm::Format;
using shm::FormatName;

namespace {

using shm::layout::GaugeMode;
using shm::layout::MetricType;

template <std::size_t Count>
void Observe(double value, const std::array<double, Count>& bounds,
             std::array<shm::BucketSnapshot, Count + 1>* buckets) {
  shm::BucketSnapshot& bucket =
      (*buckets)[static_cast<std::size_t>(std::ranges::lower_bound(bounds, value) - bounds.begin())];
  ++bucket.count;
  bucket.sum += value;
}

}  // namespace

ScrapeStats::Scrape::Scrape(ScrapeStats* stats, std::string_view format) : stats_(stats), format_(format) {
  stats_->Begin();
}

ScrapeStats::Scrape::~Scrape() {
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin_;
  stats_->End(format_, code_, seconds.count(), bytes_);
}

void ScrapeStats::Scrape::Answered(int code, std::size_t bytes) {
  code_ = code;
  bytes_ = bytes;
}

void ScrapeStats::Begin() {
  const std::lock_guard lock(mutex_);
  ++in_flight_;
}

void ScrapeStats::End(std::string_view format, int code, double seconds, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  --in_flight_;
  Observe(seconds, kSecondBounds, &seconds_);
  Observe(static_cast<double>(bytes), kByteBounds, &bytes_);
  ++scrapes_[{format, code}];
}

void ScrapeStats::AddMetrics(MetricBuilder* out) const {
  const std::lock_guard lock(mutex_);
  std::map<std::pair<std::string_view, int>, std::uint64_t> scrapes = scrapes_;
  // Shows all kinds from the start, at 0, so that the first of a kind is an increase too.
  for (const Format format :
       {Format::kText004, Format::kText100, Format::kOpenMetrics001, Format::kOpenMetrics100}) {
    for (const int code : {200, 503}) scrapes.try_emplace({FormatName(format), code}, 0);
  }
  out->CounterFamily("shmetrics_scrapes_total",
                     "Scrapes of metrics that this agent has answered, by format and HTTP status.");
  for (const auto& [key, count] : scrapes) {
    out->Integer(count, {{"format", key.first}, {"code", std::to_string(key.second)}});
  }
  out->Gauge("shmetrics_scrapes_in_flight", "Scrapes being answered, this one included.",
             static_cast<double>(in_flight_));
  out->Family("shmetrics_scrape_duration_seconds", "Time to make the answer to a scrape.",
              MetricType::kHistogram, GaugeMode::kNone, kSecondBounds);
  out->Histogram(seconds_);
  out->Family("shmetrics_scrape_response_bytes", "Size of the answer to a scrape, as it is sent.",
              MetricType::kHistogram, GaugeMode::kNone, kByteBounds);
  out->Histogram(bytes_);
}

}  // namespace shmetrics::agent

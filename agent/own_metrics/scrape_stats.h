#ifndef SHMETRICS_AGENT_OWN_METRICS_SCRAPE_STATS_H_
#define SHMETRICS_AGENT_OWN_METRICS_SCRAPE_STATS_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>

#include "agent/own_metrics/metric_builder.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

/// What scrapes have cost since the agent started. Thread-safe. A scrape counts when it has ended, so each
/// scrape shows the ones before it.
class ScrapeStats {
 public:
  static constexpr std::array<double, 12> kSecondBounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                                           0.05,   0.1,   0.25,   0.5,   1,    2.5};
  static constexpr std::array<double, 8> kByteBounds = {4'096,     16'384,    65'536,     262'144,
                                                        1'048'576, 4'194'304, 16'777'216, 67'108'864};

  /// One scrape, from its construction to Answered(). Without that call it counts as a 500, because it threw.
  class Scrape {
   public:
    /// `format` must outlive the stats: a name from FormatName().
    Scrape(ScrapeStats* stats, std::string_view format);
    ~Scrape();
    Scrape(const Scrape&) = delete;
    Scrape& operator=(const Scrape&) = delete;

    void Answered(int code, std::size_t bytes);

   private:
    ScrapeStats* const stats_;
    const std::string_view format_;
    const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    int code_ = 500;
    std::size_t bytes_ = 0;
  };

  void AddMetrics(MetricBuilder* out) const;

 private:
  void Begin();
  void End(std::string_view format, int code, double seconds, std::size_t bytes);

  mutable std::mutex mutex_;
  std::map<std::pair<std::string_view, int>, std::uint64_t> scrapes_;  // by format and code
  std::array<shm::BucketSnapshot, kSecondBounds.size() + 1> seconds_{};
  std::array<shm::BucketSnapshot, kByteBounds.size() + 1> bytes_{};
  std::uint64_t in_flight_ = 0;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_OWN_METRICS_SCRAPE_STATS_H_

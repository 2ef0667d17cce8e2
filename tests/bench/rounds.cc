#include "tests/bench/rounds.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <map>

namespace shmetrics::bench {
namespace {

/// Keeps what each case took, one number a round.
class Recorder : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred) {
        std::fprintf(stderr, "%s: %s\n", run.benchmark_name().c_str(), run.error_message.c_str());
        continue;
      }
      const std::string& arguments = run.run_name.args;
      const std::string name = run.run_name.function_name + (arguments.empty() ? "" : "/" + arguments);
      // The processor's time, not the wall's: that which other processes take is not ours. A case that waits for a
      // server has measured both processes' itself.
      const bool by_itself = run.run_name.time_type == "manual_time";
      ns_[name].push_back(by_itself ? run.GetAdjustedRealTime() : run.GetAdjustedCPUTime());
    }
  }

  bool empty() const { return ns_.empty(); }
  /// Empty if the case did not run.
  std::vector<double> NsOf(const std::string& name) const {
    const auto found = ns_.find(name);
    return found == ns_.end() ? std::vector<double>{} : found->second;
  }

 private:
  std::map<std::string, std::vector<double>> ns_;
};

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// Prints a line of the table and says whether the ratio keeps its limit.
bool Judge(const Ratio& ratio, const std::vector<double>& of, const std::vector<double>& to) {
  std::vector<double> quotients;
  for (std::size_t i = 0; i < std::min(of.size(), to.size()); i++) quotients.push_back(of[i] / to[i]);
  if (quotients.empty()) return ratio.limit == 0;
  const double median = Median(quotients);
  const auto [smallest, largest] = std::ranges::minmax(quotients);
  const int digits = median < 0.1 ? 5 : 2;
  std::printf("%-25s / %-28s %8.*f  (%.*f .. %.*f)  %12.2f ns / %.2f ns", ratio.of, ratio.to, digits, median,
              digits, smallest, digits, largest, Median(of), Median(to));
  const bool kept = ratio.limit == 0 || median <= ratio.limit;
  if (ratio.limit > 0)
    std::printf("  %s %.*f", kept ? "within" : "ABOVE", ratio.limit < 0.1 ? 3 : 1, ratio.limit);
  std::printf("\n");
  return kept;
}

}  // namespace

std::vector<Ratio> RunRounds(int rounds, const std::string& filter, const std::vector<Ratio>& ratios) {
  Recorder recorder;
  for (int round = 0; round < rounds; round++) {
    if (filter.empty()) {
      benchmark::RunSpecifiedBenchmarks(&recorder);
    } else {
      benchmark::RunSpecifiedBenchmarks(&recorder, filter);
    }
    if (recorder.empty()) break;  // only asked for a list of the cases
  }
  std::vector<Ratio> broken;
  for (const Ratio& ratio : ratios) {
    if (!Judge(ratio, recorder.NsOf(ratio.of), recorder.NsOf(ratio.to))) broken.push_back(ratio);
  }
  std::fflush(stdout);
  return broken;
}

}  // namespace shmetrics::bench

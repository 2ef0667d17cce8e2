#ifndef SHMETRICS_TESTS_SUPPORT_PROMETHEUS_H_
#define SHMETRICS_TESTS_SUPPORT_PROMETHEUS_H_

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/agent.h"
#include "tests/support/program.h"

namespace shmetrics::testing {

/// A Prometheus of the test's own, with its own data.
class Prometheus {
 public:
  /// Starts it with this configuration file and waits until it is ready. A test failure if it does not start.
  explicit Prometheus(const std::string& config, const std::string& program = "prometheus");
  /// Scrapes one agent every second.
  explicit Prometheus(const Agent& agent);
  ~Prometheus();
  Prometheus(const Prometheus&) = delete;
  Prometheus& operator=(const Prometheus&) = delete;

  std::uint16_t port() const { return port_; }
  /// The "data" of an answer of the API; null if it has none yet.
  nlohmann::json Ask(const std::string& path) const;
  /// All series of a PromQL query: labels and value. Null if it is no query.
  nlohmann::json Query(const std::string& query) const;
  /// The exemplars stored of a PromQL query's series: value by this label of theirs.
  std::map<std::string, double> Exemplars(const std::string& query, const std::string& label) const;
  /// The only series of a query, or nothing.
  std::optional<double> Value(const std::string& query) const;

 private:
  std::vector<std::string> Arguments(const std::string& config, const std::string& program);

  std::string folder_;
  Program process_;
  std::uint16_t port_ = 0;
};

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_PROMETHEUS_H_

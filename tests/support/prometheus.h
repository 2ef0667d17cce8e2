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

/// A Prometheus for one test, with its own data.
class Prometheus {
 public:
  /// Starts it with this configuration file and waits until it is ready. It is a test failure if it does not
  /// start.
  explicit Prometheus(const std::string& config, const std::string& program = "prometheus");
  /// Scrapes one agent every second.
  explicit Prometheus(const Agent& agent);
  ~Prometheus();
  Prometheus(const Prometheus&) = delete;
  Prometheus& operator=(const Prometheus&) = delete;

  std::uint16_t port() const { return port_; }
  /// The "data" of an answer of the API; null if there is none yet.
  nlohmann::json Ask(const std::string& path) const;
  /// All series of a PromQL query: labels and value. Null if the query is invalid.
  nlohmann::json Query(const std::string& query) const;
  /// The stored exemplars of a PromQL query's series. The key is the value of their label `label`.
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

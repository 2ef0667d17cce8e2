#ifndef SHMETRICS_TESTS_SUPPORT_AGENT_H_
#define SHMETRICS_TESTS_SUPPORT_AGENT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/program.h"

namespace shmetrics::testing {

/// The result of one scrape in text 0.0.4.
class Scrape {
 public:
  explicit Scrape(std::string text);

  /// The value of a sample, named as in the text: foo_total{a="b"}. Nothing if there is none.
  std::optional<double> operator[](const std::string& sample) const;
  /// The same as an exact integer; 0 if there is none.
  std::uint64_t Integer(const std::string& sample) const;
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::map<std::string, std::string> samples_;
};

/// The agent, as a process on a port of its own.
class Agent {
 public:
  /// Starts it and waits until it serves; port 0 lets the kernel choose. A test failure if it does not.
  Agent(const std::string& program, const std::string& segment, std::uint16_t port = 0,
        const std::vector<std::string>& more_arguments = {});

  std::uint16_t port() const { return port_; }
  Scrape Get() const;
  Program& process() { return process_; }
  const Program& process() const { return process_; }

 private:
  Program process_;
  std::uint16_t port_ = 0;
};

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_AGENT_H_

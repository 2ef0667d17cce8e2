#include "tests/support/agent.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>
#include <utility>

#include "tests/support/http_client.h"

namespace shmetrics::testing {

Scrape::Scrape(std::string text) : text_(std::move(text)) {
  std::istringstream lines(text_);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = line.rfind(' ');
    if (line.empty() || line[0] == '#' || space == std::string::npos) continue;
    const bool is_new = samples_.emplace(line.substr(0, space), line.substr(space + 1)).second;
    EXPECT_TRUE(is_new) << "twice in one scrape: " << line;
  }
}

std::optional<double> Scrape::operator[](const std::string& sample) const {
  const auto found = samples_.find(sample);
  return found == samples_.end() ? std::nullopt : std::optional(std::strtod(found->second.c_str(), nullptr));
}

std::uint64_t Scrape::Integer(const std::string& sample) const {
  const auto found = samples_.find(sample);
  return found == samples_.end() ? 0 : std::strtoull(found->second.c_str(), nullptr, 10);
}

namespace {

std::vector<std::string> CommandLine(const std::string& program, const std::string& segment,
                                     std::uint16_t port, const std::vector<std::string>& more_arguments) {
  std::vector<std::string> line{program, "--segment.path", segment, "--web.listen-address",
                                "127.0.0.1:" + std::to_string(port)};
  line.insert(line.end(), more_arguments.begin(), more_arguments.end());
  return line;
}

}  // namespace

Agent::Agent(const std::string& program, const std::string& segment, std::uint16_t port,
             const std::vector<std::string>& more_arguments)
    : process_(CommandLine(program, segment, port, more_arguments)) {
  const std::optional<std::string> answer = process_.WaitForText(" on 127.0.0.1:");
  EXPECT_TRUE(answer.has_value()) << "the agent did not start: " << process_.errors();
  if (answer) port_ = static_cast<std::uint16_t>(std::atoi(answer->c_str()));
}

Scrape Agent::Get() const {
  const HttpAnswer answer = testing::Get(port_, "/metrics");
  EXPECT_EQ(answer.status, 200) << answer.body << process_.errors();
  return Scrape(answer.body);
}

}  // namespace shmetrics::testing

#include "tests/support/prometheus.h"

#include <gtest/gtest.h>

#include <cctype>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/http_client.h"

namespace shmetrics::testing {
namespace {

using nlohmann::json;

std::string Encode(const std::string& text) {
  std::string encoded;
  for (const unsigned char c : text) {
    char hex[4];
    std::snprintf(hex, sizeof hex, "%%%02X", c);
    encoded += std::isalnum(c) != 0 ? std::string(1, static_cast<char>(c)) : hex;
  }
  return encoded;
}

std::string ConfigFor(const Agent& agent) {
  return "global: {scrape_interval: 1s}\n"
         "scrape_configs:\n"
         "  - job_name: shmetrics\n"
         "    static_configs: [{targets: ['127.0.0.1:" +
         std::to_string(agent.port()) + "']}]\n";
}

}  // namespace

Prometheus::Prometheus(const Agent& agent) : Prometheus(ConfigFor(agent)) {}

Prometheus::Prometheus(const std::string& config, const std::string& program)
    : process_(Arguments(config, program)) {
  const std::optional<std::string> line = process_.WaitForText("\"Listening on\" ");
  EXPECT_TRUE(line.has_value()) << "Prometheus did not start; scripts/setup --tests installs it: "
                                << process_.errors();
  const std::string address = "address=127.0.0.1:";  // since 2.46 the component comes before it
  const std::size_t at = line.value_or("").find(address);
  EXPECT_NE(at, std::string::npos) << line.value_or("");
  if (at != std::string::npos) {
    port_ = static_cast<std::uint16_t>(std::atoi(line->c_str() + at + address.size()));
  }
  EXPECT_TRUE(process_.WaitForText("Server is ready to receive web requests.").has_value());
}

Prometheus::~Prometheus() {
  process_.Kill();
  std::filesystem::remove_all(folder_);
}

json Prometheus::Ask(const std::string& path) const {
  // HTTP/1.0, because there an answer of unknown length ends with the connection and has no chunks.
  const std::string answer = SendRaw(port_, "GET " + path + " HTTP/1.0\r\nHost: localhost\r\n\r\n");
  const std::size_t body = answer.find("\r\n\r\n");
  const json document = json::parse(body == std::string::npos ? "" : answer.substr(body + 4), nullptr, false);
  return document.is_object() && document.contains("data") ? document["data"] : json();
}

json Prometheus::Query(const std::string& query) const {
  const json data = Ask("/api/v1/query?query=" + Encode(query));
  return data.is_object() ? data["result"] : json();
}

std::map<std::string, double> Prometheus::Exemplars(const std::string& query,
                                                    const std::string& label) const {
  std::map<std::string, double> values;
  for (const json& series : Ask("/api/v1/query_exemplars?query=" + Encode(query))) {
    for (const json& exemplar : series["exemplars"]) {
      values[exemplar["labels"][label]] = std::strtod(exemplar["value"].get<std::string>().c_str(), nullptr);
    }
  }
  return values;
}

std::optional<double> Prometheus::Value(const std::string& query) const {
  const json result = Query(query);
  if (result.size() != 1) return std::nullopt;
  return std::strtod(result[0]["value"][1].get<std::string>().c_str(), nullptr);
}

std::vector<std::string> Prometheus::Arguments(const std::string& config, const std::string& program) {
  std::string name = std::filesystem::temp_directory_path() / "shmetrics-prometheus-XXXXXX";
  folder_ = mkdtemp(name.data());
  std::ofstream(folder_ + "/prometheus.yml") << config;
  return {program, "--config.file=" + folder_ + "/prometheus.yml", "--storage.tsdb.path=" + folder_ + "/data",
          "--web.listen-address=127.0.0.1:0", "--enable-feature=exemplar-storage"};
}

}  // namespace shmetrics::testing

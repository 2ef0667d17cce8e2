#include "tests/bench/http_scrape.h"

#include <cstdlib>
#include <string>

#include "tests/support/program.h"

namespace shmetrics::bench {
namespace {

struct Transfer {
  double seconds = 0;
  double bytes = 0;  ///< 0: there was no good answer
};

Transfer Curl(const std::string& url, Encoding encoding) {
  // Without --compressed, which would decompress: that is the scraper's work.
  const testing::Ended ended = testing::RunProgram(
      {"curl", "--silent", "--fail", "--output", "/dev/null", "--header",
       encoding == Encoding::kGzip ? "Accept-Encoding: gzip" : "Accept-Encoding: identity", "--write-out",
       "%{time_total} %{size_download}", url});
  if (ended.code != 0) return {};
  char* rest = nullptr;
  const double seconds = std::strtod(ended.output.c_str(), &rest);
  return {seconds, std::strtod(rest, nullptr)};
}

}  // namespace

void MeasureCurl(benchmark::State& state, int port, Encoding encoding) {
  const std::string url = "http://127.0.0.1:" + std::to_string(port) + "/metrics";
  Transfer transfer = Curl(url, encoding);  // the first one makes room for the others
  while (transfer.bytes > 0 && state.KeepRunning()) {
    transfer = Curl(url, encoding);
    state.SetIterationTime(transfer.seconds);
  }
  if (transfer.bytes == 0) state.SkipWithError("curl has got no good answer");
  state.counters["bytes"] = transfer.bytes;
}

}  // namespace shmetrics::bench

#include "agent/http/content_coding.h"

#include <libdeflate.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "agent/http/accept_header.h"

namespace shmetrics::agent {
namespace {

/// Of 7.1 MB of 100,000 series with regular labels level 1 makes 728 KB in 9 ms, levels 2 to 4 702 KB in 13 ms, level 6 660 KB
/// in 36 ms; of 10.3 MB with varied ones 1.85 MB in 24 ms, 1.67 MB in 42 ms (level 4), 1.48 MB in 75 ms. Of 10,000 series
/// likewise. It is most of the time of a scrape, and on the way to a scraper on the same network nothing is won by more.
constexpr int kLevel = 1;

/// What goes into one packet with its headers is not faster there for being shorter.
constexpr std::size_t kMinBytes = 1'024;

struct FreeCompressor {
  void operator()(libdeflate_compressor* compressor) const { libdeflate_free_compressor(compressor); }
};

/// Empty if there was no memory, or nothing to be gained.
std::string Gzip(std::string_view body) {
  const std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor(
      libdeflate_alloc_compressor(kLevel));
  if (compressor == nullptr) return {};
  // One byte less than the body, so that what would be longer does not fit; of which most is never touched, and so takes
  // neither memory nor the time to zero it.
  const std::size_t room = body.size() - 1;
  const auto compressed = std::make_unique_for_overwrite<char[]>(room);
  return {compressed.get(),
          libdeflate_gzip_compress(compressor.get(), body.data(), body.size(), compressed.get(), room)};
}

void AddVary(HttpResponse* answer) {
  constexpr std::string_view kName = "Accept-Encoding";
  const auto vary =
      std::ranges::find(answer->headers, "Vary", [](const auto& header) { return header.first; });
  if (vary == answer->headers.end()) {
    answer->headers.emplace_back("Vary", kName);
  } else {
    vary->second.append(", ").append(kName);
  }
}

}  // namespace

void Encode(std::string_view accept_encoding, HttpResponse* answer) {
  AddVary(answer);
  if (answer->body.size() < kMinBytes || !AcceptsGzip(accept_encoding)) return;
  std::string compressed = Gzip(answer->body);
  if (compressed.empty()) return;
  answer->body = std::move(compressed);
  answer->headers.emplace_back("Content-Encoding", "gzip");
}

}  // namespace shmetrics::agent

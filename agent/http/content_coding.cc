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

/// Level 1 compresses 7.1 MB (100,000 series with regular labels) to 728 KB in 9 ms. Levels 2 to 4 need 13 ms
/// for 702 KB, level 6 needs 36 ms for 660 KB. 10.3 MB with varied labels become 1.85 MB in 24 ms at level 1,
/// 1.67 MB in 42 ms at level 4, 1.48 MB in 75 ms at level 6. It is the same for 10,000 series. This is most
/// of the time of a scrape, and a higher level gains nothing on the way to a scraper in the same network.
constexpr int kLevel = 1;

/// An answer that fits into one packet with its headers does not arrive faster when it is shorter.
constexpr std::size_t kMinBytes = 1'024;

struct FreeCompressor {
  void operator()(libdeflate_compressor* compressor) const { libdeflate_free_compressor(compressor); }
};

/// Empty if there was no memory, or if compression gained nothing.
std::string Gzip(std::string_view body) {
  const std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor(
      libdeflate_alloc_compressor(kLevel));
  if (compressor == nullptr) return {};
  // One byte less than the body, so that a longer result does not fit. Most of this buffer is never touched,
  // so it takes no memory and need not be zeroed.
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

#include "agent/http/content_coding.h"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "agent/http/accept_header.h"

namespace shmetrics::agent {
namespace {

/// 5.7 MB (100,000 series) become 708 KB, in 40 % of the time that level 1 of libdeflate takes for the same
/// size. Level 0 needs 80 % of the time for 1,068 KB, level 2 gains nothing, and level 3 takes four times as
/// long.
constexpr int kLevel = 1;

/// An answer that fits into one packet with its headers does not arrive faster when it is shorter.
constexpr std::size_t kMinBytes = 1'024;

/// What the library needs for one body: 350 KB, of which it touches what it uses.
struct Compressor {
  isal_zstream stream;
  std::array<std::uint8_t, ISAL_DEF_LVL1_DEFAULT> memory;
};

/// Empty if compression gained nothing.
std::string Gzip(std::string_view body) {
  // One byte less than the body, so that a longer result does not fit. Most of this buffer is never touched,
  // so it takes no memory and need not be zeroed.
  const std::size_t room = body.size() - 1;
  if (room >= UINT32_MAX) return {};  // the library counts in 32 bits
  const auto compressed = std::make_unique_for_overwrite<std::uint8_t[]>(room);
  const auto compressor = std::make_unique_for_overwrite<Compressor>();
  isal_zstream& stream = compressor->stream;
  isal_deflate_init(&stream);
  stream.level = kLevel;
  stream.level_buf = compressor->memory.data();
  stream.level_buf_size = static_cast<std::uint32_t>(compressor->memory.size());
  stream.gzip_flag = IGZIP_GZIP;
  stream.end_of_stream = 1;
  // It only reads from there.
  stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<std::uint32_t>(body.size());
  stream.next_out = compressed.get();
  stream.avail_out = static_cast<std::uint32_t>(room);
  if (isal_deflate(&stream) != COMP_OK || stream.internal_state.state != ZSTATE_END) return {};
  return {reinterpret_cast<const char*>(compressed.get()), stream.total_out};
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

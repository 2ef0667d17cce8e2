#include "shm/exposition/number.h"

#include <cmath>
#include <cstring>
#include <string_view>

namespace shmetrics::shm {
namespace {

char* WriteWord(char* out, std::string_view word) {
  std::memcpy(out, word.data(), word.size());
  return out + word.size();
}

}  // namespace

char* WriteDouble(char* out, double value) {
  if (std::isnan(value)) return WriteWord(out, "NaN");
  if (std::isinf(value)) return WriteWord(out, value > 0 ? "+Inf" : "-Inf");
  return std::to_chars(out, out + kMaxNumberBytes, value, std::chars_format::general).ptr;
}

char* WriteBound(char* out, double bound) {
  char* const end = WriteDouble(out, bound);
  const std::string_view text(out, static_cast<std::size_t>(end - out));
  const bool is_float = !std::isfinite(bound) || text.find_first_of(".e") != std::string_view::npos;
  return is_float ? end : WriteWord(end, ".0");
}

}  // namespace shmetrics::shm

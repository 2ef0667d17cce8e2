#include "shm/exposition/escaping.h"

#include <utf8/unchecked.h>

#include <charconv>
#include <cstdint>
#include <iterator>

#include "shm/series/family.h"

namespace shmetrics::shm {
namespace {

bool IsLegacy(std::uint32_t code_point, bool is_first) {
  const bool is_letter = (code_point >= 'a' && code_point <= 'z') || (code_point >= 'A' && code_point <= 'Z');
  const bool is_digit = code_point >= '0' && code_point <= '9';
  return is_letter || code_point == '_' || code_point == ':' || (is_digit && !is_first);
}

void AppendAsDots(std::uint32_t code_point, bool is_first, std::string* out) {
  if (code_point == '.') {
    *out += "_dot_";
  } else if (code_point != '_' && IsLegacy(code_point, is_first)) {
    *out += static_cast<char>(code_point);
  } else {
    *out += "__";
  }
}

void AppendAsValue(std::uint32_t code_point, bool is_first, std::string* out) {
  if (code_point == '_') {
    *out += "__";
  } else if (IsLegacy(code_point, is_first)) {
    *out += static_cast<char>(code_point);
  } else {
    char hex[8];
    *out += '_';
    out->append(hex, std::to_chars(hex, std::end(hex), code_point, 16).ptr);
    *out += '_';
  }
}

}  // namespace

std::string EscapeName(std::string_view name, Escaping escaping) {
  if (escaping == Escaping::kAllowUtf8 || IsMetricName(name)) return std::string(name);
  std::string escaped(escaping == Escaping::kValues ? "U__" : "");
  for (const char* at = name.data(); at != name.data() + name.size();) {
    const bool is_first = at == name.data();
    const std::uint32_t code_point = utf8::unchecked::next(at);
    if (escaping == Escaping::kDots) {
      AppendAsDots(code_point, is_first, &escaped);
    } else if (escaping == Escaping::kValues) {
      AppendAsValue(code_point, is_first, &escaped);
    } else {
      escaped += IsLegacy(code_point, is_first) ? static_cast<char>(code_point) : '_';
    }
  }
  return escaped;
}

}  // namespace shmetrics::shm

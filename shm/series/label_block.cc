#include "shm/series/label_block.h"

#include <utf8.h>

#include <cstddef>

#include "shm/layout/layout.h"

namespace shmetrics::shm {
namespace {

/// The character that follows the backslash when `c` is escaped in a label value; 0 if `c` is not escaped.
constexpr char EscapeOf(char c) { return c == '\\' ? '\\' : c == '"' ? '"' : c == '\n' ? 'n' : '\0'; }

/// Removes `prefix` from the front of `text`. If `text` does not begin with it, returns false and changes
/// nothing.
bool Consume(std::string_view* text, std::string_view prefix) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

/// Removes the escaped form of `value` from the front of `text`. The same if it does not begin with that.
bool ConsumeEscaped(std::string_view* text, std::string_view value) {
  std::size_t at = 0;
  for (const char c : value) {
    const char escape = EscapeOf(c);
    if (escape != '\0' && (at >= text->size() || (*text)[at++] != '\\')) return false;
    if (at >= text->size() || (*text)[at++] != (escape == '\0' ? c : escape)) return false;
  }
  text->remove_prefix(at);
  return true;
}

/// Removes an escaped value and its closing quote from the front of `text`, and unescapes it into `value`.
/// False if it is not well-formed.
bool ConsumeValue(std::string_view* text, std::string* value) {
  for (std::size_t at = 0; at < text->size(); at++) {
    char c = (*text)[at];
    if (c == '"') {
      text->remove_prefix(at + 1);
      return true;
    }
    if (c == '\n') return false;
    if (c == '\\') {
      if (++at == text->size()) return false;
      c = (*text)[at];
      if (c == 'n') {
        c = '\n';
      } else if (c != '\\' && c != '"') {
        return false;
      }
    }
    value->push_back(c);
  }
  return false;
}

}  // namespace

Result<void> CheckLabelValues(std::span<const std::string_view> names,
                              std::span<const std::string_view> values) {
  if (values.size() != names.size()) {
    return Error{ErrorCode::kInvalidLabels, "label set refused: it has " + std::to_string(values.size()) +
                                                " values, the family has " + std::to_string(names.size()) +
                                                " label names"};
  }
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < values.size(); i++) {
    bytes += names[i].size() + values[i].size() + sizeof ",=\"\"";
    if (bytes > layout::kMaxLabelBlockBytes) break;  // do not check a megabyte for UTF-8
    if (!IsValidUtf8(values[i])) {
      return Error{ErrorCode::kInvalidLabels,
                   "label set refused: the value of " + std::string(names[i]) + " is not UTF-8"};
    }
  }
  if (bytes <= layout::kMaxLabelBlockBytes) return {};
  return Error{ErrorCode::kInvalidLabels, "label set refused: it is longer than " +
                                              std::to_string(layout::kMaxLabelBlockBytes) + " bytes"};
}

bool IsValidUtf8(std::string_view text) { return utf8::is_valid(text.begin(), text.end()); }

void WriteLabelBlock(std::span<const std::string_view> names, std::span<const std::string_view> values,
                     char* out) {
  const auto append = [&out](std::string_view text) { out += text.copy(out, text.size()); };
  for (std::size_t i = 0; i < names.size(); i++) {
    if (i > 0) *out++ = ',';
    append(names[i]);
    append("=\"");
    for (const char c : values[i]) {
      const char escape = EscapeOf(c);
      if (escape != '\0') *out++ = '\\';
      *out++ = escape == '\0' ? c : escape;
    }
    *out++ = '"';
  }
}

std::string MakeLabelBlock(std::span<const std::string_view> names,
                           std::span<const std::string_view> values) {
  std::string block(LabelBlockBytes(names, values), '\0');
  WriteLabelBlock(names, values, block.data());
  return block;
}

std::size_t LabelBlockBytes(std::span<const std::string_view> names,
                            std::span<const std::string_view> values) {
  std::size_t bytes = names.empty() ? 0 : names.size() - 1;  // commas
  for (std::size_t i = 0; i < names.size(); i++) {
    bytes += names[i].size() + sizeof "=\"\"" - 1 + values[i].size();
    for (const char c : values[i]) bytes += EscapeOf(c) != '\0' ? 1 : 0;
  }
  return bytes;
}

bool LabelBlockEquals(std::string_view block, std::span<const std::string_view> names,
                      std::span<const std::string_view> values) {
  for (std::size_t i = 0; i < names.size(); i++) {
    const bool same = (i == 0 || Consume(&block, ",")) && Consume(&block, names[i]) &&
                      Consume(&block, "=\"") && ConsumeEscaped(&block, values[i]) && Consume(&block, "\"");
    if (!same) return false;
  }
  return block.empty();
}

std::vector<Label> ParseLabelBlock(std::string_view block) {
  if (!IsValidUtf8(block)) return {};
  std::vector<Label> labels;
  while (!block.empty()) {
    if (!labels.empty() && !Consume(&block, ",")) return {};
    const std::size_t equals = block.find('=');
    if (equals == std::string_view::npos || equals == 0) return {};
    Label label{block.substr(0, equals), {}};
    block.remove_prefix(equals);
    if (!Consume(&block, "=\"") || !ConsumeValue(&block, &label.value)) return {};
    labels.push_back(std::move(label));
  }
  return labels;
}

bool IsLabelBlockOf(std::string_view block, std::span<const std::string_view> names) {
  const std::vector<Label> labels = ParseLabelBlock(block);
  if (labels.size() != names.size()) return false;
  for (std::size_t i = 0; i < names.size(); i++) {
    if (labels[i].name != names[i]) return false;
  }
  return names.empty() == block.empty();
}

}  // namespace shmetrics::shm

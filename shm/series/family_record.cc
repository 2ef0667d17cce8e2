#include "shm/series/family_record.h"

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace shmetrics::shm {
namespace {

std::uint64_t LabelNameBytes(const FamilyDefinition& definition) {
  std::uint64_t bytes = 0;
  for (const std::string& name : definition.label_names) bytes += 1 + name.size();
  return bytes;
}

char* Append(char* at, std::string_view text) {
  std::memcpy(at, text.data(), text.size());
  return at + text.size();
}

/// Removes `bytes` bytes from the front of `text`, which must be that long. Returns them.
std::string_view ConsumeBytes(std::string_view* text, std::size_t bytes) {
  const std::string_view taken = text->substr(0, bytes);
  text->remove_prefix(taken.size());
  return taken;
}

bool IsKnown(layout::MetricType type, layout::GaugeMode mode) {
  if (type == layout::MetricType::kGauge)
    return mode >= layout::GaugeMode::kSum && mode <= layout::GaugeMode::kInfo;
  return type >= layout::MetricType::kCounter && type <= layout::MetricType::kHistogram &&
         mode == layout::GaugeMode::kNone;
}

}  // namespace

std::uint64_t FamilyRecordBytes(const FamilyDefinition& definition) {
  return sizeof(layout::FamilyRecord) + definition.bounds.size() * sizeof(double) + definition.name.size() +
         definition.unit.size() + definition.help.size() + LabelNameBytes(definition);
}

void WriteFamilyRecord(const FamilyDefinition& definition, layout::FamilyRecord* family) {
  family->type = definition.type;
  family->gauge_mode = definition.gauge_mode;
  family->label_count = static_cast<std::uint8_t>(definition.label_names.size());
  family->name_bytes = static_cast<std::uint8_t>(definition.name.size());
  family->unit_bytes = static_cast<std::uint8_t>(definition.unit.size());
  family->bound_count = static_cast<std::uint8_t>(definition.bounds.size());
  family->help_bytes = static_cast<std::uint16_t>(definition.help.size());
  family->label_name_bytes = static_cast<std::uint32_t>(LabelNameBytes(definition));
  char* at = reinterpret_cast<char*>(family + 1);
  if (!definition.bounds.empty())
    std::memcpy(at, definition.bounds.data(), definition.bounds.size() * sizeof(double));
  at += definition.bounds.size() * sizeof(double);
  at = Append(Append(Append(at, definition.name), definition.unit), definition.help);
  for (const std::string& name : definition.label_names) {
    *at++ = static_cast<char>(name.size());
    at = Append(at, name);
  }
}

std::optional<FamilyDefinition> ReadFamilyRecord(const Segment& segment, layout::Ref ref) {
  const auto* record = segment.AtRef<layout::FamilyRecord>(ref);
  if (record == nullptr) return std::nullopt;
  FamilyDefinition definition;
  definition.type = layout::ReadOnce(record->type);
  definition.gauge_mode = layout::ReadOnce(record->gauge_mode);
  const std::size_t label_count = layout::ReadOnce(record->label_count);
  const std::size_t name_bytes = layout::ReadOnce(record->name_bytes);
  const std::size_t unit_bytes = layout::ReadOnce(record->unit_bytes);
  const std::size_t bound_count = layout::ReadOnce(record->bound_count);
  const std::size_t help_bytes = layout::ReadOnce(record->help_bytes);
  const std::size_t label_name_bytes = layout::ReadOnce(record->label_name_bytes);
  const std::size_t text_bytes = name_bytes + unit_bytes + help_bytes + label_name_bytes;
  if (layout::ReadOnce(record->record.kind) != layout::RecordKind::kFamily ||
      !IsKnown(definition.type, definition.gauge_mode) ||
      label_name_bytes > layout::kMaxLabels * (1 + layout::kMaxNameBytes)) {
    return std::nullopt;
  }
  const std::uint64_t behind = ref * std::uint64_t{layout::kRecordAlignment} + sizeof(layout::FamilyRecord);
  const char* bytes = segment.At<char>(behind, bound_count * sizeof(double) + text_bytes);
  if (bytes == nullptr) return std::nullopt;
  definition.bounds.resize(bound_count);
  if (bound_count > 0) std::memcpy(definition.bounds.data(), bytes, bound_count * sizeof(double));
  // From here on nobody can change the texts.
  const std::string copy(bytes + bound_count * sizeof(double), text_bytes);
  std::string_view text = copy;
  definition.name = ConsumeBytes(&text, name_bytes);
  definition.unit = ConsumeBytes(&text, unit_bytes);
  definition.help = ConsumeBytes(&text, help_bytes);
  for (std::size_t i = 0; i < label_count; i++) {
    if (text.empty()) return std::nullopt;
    const auto size = static_cast<unsigned char>(text[0]);
    text.remove_prefix(1);
    if (size > text.size()) return std::nullopt;
    definition.label_names.emplace_back(ConsumeBytes(&text, size));
  }
  const bool bounds_belong = (definition.type == layout::MetricType::kHistogram) == (bound_count > 0);
  if (!text.empty() || !bounds_belong || !CheckDefinition(definition).ok()) return std::nullopt;
  return definition;
}

}  // namespace shmetrics::shm

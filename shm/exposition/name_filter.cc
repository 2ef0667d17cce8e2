#include "shm/exposition/name_filter.h"

#include <algorithm>
#include <string>
#include <vector>

#include "shm/exposition/escaping.h"
#include "shm/layout/layout.h"
#include "shm/series/family.h"

namespace shmetrics::shm {
namespace {

std::string_view WithoutSuffix(std::string_view name, std::string_view suffix) {
  return name.ends_with(suffix) ? name.substr(0, name.size() - suffix.size()) : name;
}

/// All names under which any format shows a part of the family.
std::vector<std::string> NamesOf(const FamilySnapshot& family, std::span<const Alias> aliases) {
  std::vector<std::string> names = SampleNames(family.name, family.type, family.gauge_mode);
  if (family.type != layout::MetricType::kGauge) {
    names.push_back(std::string(WithoutSuffix(family.name, "_total")) + "_created");
  }
  if (family.gauge_mode == layout::GaugeMode::kInfo) {
    names.emplace_back(WithoutSuffix(family.name, "_info"));
  }
  for (const Alias& alias : aliases) {
    if (alias.of != family.name) continue;
    for (const Escaping escaping : {Escaping::kAllowUtf8, Escaping::kDots, Escaping::kValues}) {
      names.push_back(EscapeName(alias.alias, escaping));
    }
  }
  return names;
}

}  // namespace

NameFilter::NameFilter(std::span<const std::string_view> names, std::span<const Alias> aliases)
    : names_(names.begin(), names.end()), aliases_(aliases) {}

void NameFilter::Apply(Snapshot* snapshot) const {
  if (names_.empty()) return;
  std::erase_if(snapshot->families, [this](const auto& family) { return !Wants(family); });
}

bool NameFilter::Wants(const FamilySnapshot& family) const {
  return names_.contains(family.name) ||
         std::ranges::any_of(NamesOf(family, aliases_),
                             [this](const auto& name) { return names_.contains(name); });
}

}  // namespace shmetrics::shm

#include "shm/exposition/exposed_families.h"

#include <algorithm>
#include <cstddef>
#include <functional>

#include "shm/exposition/escaping.h"
#include "shm/series/family.h"

namespace shmetrics::shm {

namespace {

bool ComesBefore(const FamilySnapshot* a, const FamilySnapshot* b) { return a->name < b->name; }

/// The part of a definition that its sample names depend on.
FamilyDefinition DefinitionOf(std::string_view name, layout::MetricType type, layout::GaugeMode mode) {
  return {.name = std::string(name),
          .help = {},
          .unit = {},
          .type = type,
          .gauge_mode = mode,
          .label_names = {},
          .bounds = {}};
}

}  // namespace

ExposedFamilies::ExposedFamilies(std::span<const Snapshot* const> snapshots, Escaping escaping,
                                 std::span<const Alias> aliases) {
  for (const Snapshot* snapshot : snapshots) {
    std::vector<const FamilySnapshot*> fresh;
    fresh.reserve(snapshot->families.size());
    for (const FamilySnapshot& family : snapshot->families) {
      if (by_name_.empty() || !IsTaken(family.name, family.type, family.gauge_mode)) fresh.push_back(&family);
    }
    // All are sorted already, except the agent's own.
    if (!std::ranges::is_sorted(fresh, ComesBefore)) std::ranges::sort(fresh, ComesBefore);
    const auto middle = static_cast<std::ptrdiff_t>(by_name_.size());
    by_name_.insert(by_name_.end(), fresh.begin(), fresh.end());
    std::ranges::inplace_merge(by_name_, by_name_.begin() + middle, ComesBefore);
  }
  // Only now are all names known, so only now can it tell which of the aliases' names are free.
  for (const Snapshot* snapshot : snapshots) Add(*snapshot, escaping, aliases);
}

void ExposedFamilies::Add(const Snapshot& snapshot, Escaping escaping, std::span<const Alias> aliases) {
  for (const FamilySnapshot& family : snapshot.families) {
    if (family.series.empty() || Find(family.name) != &family) continue;
    list_.push_back({&snapshot, &family, family.name, false, false});
    if (escaping != Escaping::kUnderscores) AddAliases(snapshot, family, escaping, aliases);
  }
}

void ExposedFamilies::AddAliases(const Snapshot& snapshot, const FamilySnapshot& family, Escaping escaping,
                                 std::span<const Alias> aliases) {
  for (const Alias& alias : aliases) {
    if (alias.of != family.name) continue;
    const std::string& name = alias_names_.emplace_back(EscapeName(alias.alias, escaping));
    if (!IsTaken(name, family.type, family.gauge_mode)) {
      list_.push_back({&snapshot, &family, name, true, !IsMetricName(name)});
    }
  }
}

bool ExposedFamilies::IsTaken(std::string_view name, layout::MetricType type, layout::GaugeMode mode) const {
  if (Find(name) != nullptr) return true;
  const FamilyDefinition wanted = DefinitionOf(name, type, mode);
  return std::ranges::any_of(PossibleColliders(wanted), [&](const std::string& other) {
    const FamilySnapshot* const found = Find(other);
    return found != nullptr && Collide(wanted, DefinitionOf(found->name, found->type, found->gauge_mode));
  });
}

const FamilySnapshot* ExposedFamilies::Find(std::string_view name) const {
  const auto found = std::ranges::lower_bound(by_name_, name, {}, &FamilySnapshot::name);
  return found != by_name_.end() && (*found)->name == name ? *found : nullptr;
}

}  // namespace shmetrics::shm

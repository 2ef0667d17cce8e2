#ifndef SHMETRICS_SHM_EXPOSITION_EXPOSED_FAMILIES_H_
#define SHMETRICS_SHM_EXPOSITION_EXPOSED_FAMILIES_H_

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shm/exposition/alias.h"
#include "shm/exposition/format.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::shm {

/// A family as one exposition shows it: under its own name or under an alias.
struct ExposedFamily {
  const Snapshot* snapshot;
  const FamilySnapshot* family;
  std::string_view name;
  bool is_alias;
  bool is_quoted;  ///< the name has characters that only quotes may hold
};

/// What an exposition of several snapshots shows, and under which names. Each name appears once: if two
/// series had one name, Prometheus would keep the first and warn at every scrape, and strict parsers would
/// refuse everything. Families without a series are left out. Aliases follow their family:
///   - under kAllowUtf8 they keep their dots and are quoted; under kDots and kValues they are escaped;
///   - under kUnderscores they are left out, because they would become the name they are an alias of;
///   - they are left out if another family already exposes their escaped name.
class ExposedFamilies {
 public:
  /// If two families have one name, or one sample name, the family of the first snapshot is shown. The
  /// snapshots must live as long as this. Each of the `aliases` must be quotable (IsQuotable).
  ExposedFamilies(std::span<const Snapshot* const> snapshots, Escaping escaping,
                  std::span<const Alias> aliases);
  ExposedFamilies(const ExposedFamilies&) = delete;
  ExposedFamilies& operator=(const ExposedFamilies&) = delete;

  const std::vector<ExposedFamily>& list() const { return list_; }
  /// True if a family has exactly this name. Another may then not be shown under it, with its suffix removed.
  bool HasFamily(std::string_view name) const { return Find(name) != nullptr; }

 private:
  void Add(const Snapshot& snapshot, Escaping escaping, std::span<const Alias> aliases);
  void AddAliases(const Snapshot& snapshot, const FamilySnapshot& family, Escaping escaping,
                  std::span<const Alias> aliases);
  /// True if such a family would expose a name that is taken.
  bool IsTaken(std::string_view name, layout::MetricType type, layout::GaugeMode mode) const;
  const FamilySnapshot* Find(std::string_view name) const;

  std::vector<const FamilySnapshot*> by_name_;  ///< without the aliases
  std::deque<std::string> alias_names_;
  std::vector<ExposedFamily> list_;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_EXPOSITION_EXPOSED_FAMILIES_H_

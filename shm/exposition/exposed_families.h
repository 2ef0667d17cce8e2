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

/// What an exposition of several snapshots shows, and under which names: each of them stands there once, because
/// Prometheus keeps the first of two series of one name and warns at every scrape, and strict parsers refuse the whole.
/// Families without a series are left out. Aliases stand behind their family:
///   - under kAllowUtf8 with their dots, quoted; under kDots and kValues escaped;
///   - under kUnderscores not at all, because they become the name they are an alias of;
///   - nor where their escaped name is one that another family already exposes.
class ExposedFamilies {
 public:
  /// Of two families of one name, or of one sample name, that of the first snapshot is shown. The snapshots must live as
  /// long as this. Each of the `aliases` must be quotable (IsQuotable).
  ExposedFamilies(std::span<const Snapshot* const> snapshots, Escaping escaping,
                  std::span<const Alias> aliases);
  ExposedFamilies(const ExposedFamilies&) = delete;
  ExposedFamilies& operator=(const ExposedFamilies&) = delete;

  const std::vector<ExposedFamily>& list() const { return list_; }
  /// Whether a family has this very name, as one that is shown without a suffix must not.
  bool HasFamily(std::string_view name) const { return Find(name) != nullptr; }

 private:
  void Add(const Snapshot& snapshot, Escaping escaping, std::span<const Alias> aliases);
  void AddAliases(const Snapshot& snapshot, const FamilySnapshot& family, Escaping escaping,
                  std::span<const Alias> aliases);
  /// Whether such a family would expose a name that is taken.
  bool IsTaken(std::string_view name, layout::MetricType type, layout::GaugeMode mode) const;
  const FamilySnapshot* Find(std::string_view name) const;

  std::vector<const FamilySnapshot*> by_name_;  ///< without the aliases
  std::deque<std::string> alias_names_;
  std::vector<ExposedFamily> list_;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_EXPOSITION_EXPOSED_FAMILIES_H_

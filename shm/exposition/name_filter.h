#ifndef SHMETRICS_SHM_EXPOSITION_NAME_FILTER_H_
#define SHMETRICS_SHM_EXPOSITION_NAME_FILTER_H_

#include <span>
#include <string_view>
#include <unordered_set>

#include "shm/base/text_hash.h"
#include "shm/exposition/alias.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::shm {

/// Which families a client wants to see. It may name a family by the family's name, by the name of one of its
/// samples, or by an alias, escaped or not. If it names none, it wants all. An unknown name selects nothing.
class NameFilter {
 public:
  /// The texts of `names`, and `aliases`, must live as long as this.
  NameFilter(std::span<const std::string_view> names, std::span<const Alias> aliases);

  /// Removes the families that are not wanted.
  void Apply(Snapshot* snapshot) const;

 private:
  bool Wants(const FamilySnapshot& family) const;

  std::unordered_set<std::string_view, TextHash> names_;
  std::span<const Alias> aliases_;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_EXPOSITION_NAME_FILTER_H_

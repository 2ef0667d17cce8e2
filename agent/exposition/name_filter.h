#ifndef SHMETRICS_AGENT_EXPOSITION_NAME_FILTER_H_
#define SHMETRICS_AGENT_EXPOSITION_NAME_FILTER_H_

#include <string_view>
#include <unordered_set>

#include "agent/http_message.h"
#include "shm/snapshot.h"

namespace shmetrics::agent {

/// Which families a client wants to see: those it names in parameters `name[]`, by the name of the family, of one of its
/// samples, or by a dotted alias, escaped or not. All of them if it names none. A name that means nothing selects
/// nothing.
class NameFilter {
 public:
  /// Points into `request`.
  explicit NameFilter(const HttpRequest& request);

  /// Takes out the families that are not wanted.
  void Apply(shm::Snapshot* snapshot) const;

 private:
  bool Wants(const shm::FamilySnapshot& family) const;

  std::unordered_set<std::string_view> names_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_EXPOSITION_NAME_FILTER_H_

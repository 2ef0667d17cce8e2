#ifndef SHMETRICS_SHM_EXPOSITION_ALIAS_H_
#define SHMETRICS_SHM_EXPOSITION_ALIAS_H_

#include <string_view>

namespace shmetrics::shm {

/// Another name for the same series. It never makes a series of its own: one event is one increment, whatever
/// its name. Both texts must live as long as anything that is given the alias.
struct Alias {
  std::string_view alias;
  std::string_view of;  ///< the family's name
};

/// True if the alias can be quoted as it is. Exposition writes it between quotes without escaping it.
constexpr bool IsQuotable(const Alias& alias) {
  return alias.alias.find_first_of("\\\"\n") == std::string_view::npos;
}

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_EXPOSITION_ALIAS_H_

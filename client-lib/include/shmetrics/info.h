#ifndef SHMETRICS_INFO_H_
#define SHMETRICS_INFO_H_

#include <string_view>

#include "shmetrics/cxx_export.h"
#include "shmetrics/family.h"

namespace shmetrics {

/// The name and help text of an info. The texts are copied.
struct InfoOptions {
  /// As FamilyOptions::name. It gets the ending _info if it lacks it. An info foo_info takes the name foo
  /// too.
  std::string_view name;
  /// As FamilyOptions::help.
  std::string_view help = {};
};

/// What Registry::info() returns: ok() and error() tell if the info is registered. Nothing else needs to be
/// kept.
/// Every set of values that was ever said stays a series of the family, shown or not. Beyond the family's
/// limit of series (10,000) a new set is refused and none is shown. So an info is not for counts and times.
class SHMETRICS_CXX_EXPORT InfoFamily : public Family {
 private:
  friend class Registry;
  explicit InfoFamily(internal::FamilyBinding* binding) noexcept : Family(binding) {}
};

}  // namespace shmetrics

#endif  // SHMETRICS_INFO_H_

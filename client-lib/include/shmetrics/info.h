#ifndef SHMETRICS_INFO_H_
#define SHMETRICS_INFO_H_

#include <string_view>

#include "shmetrics/export.h"
#include "shmetrics/family.h"

namespace shmetrics {

/// What an info is called. The texts are copied.
struct InfoOptions {
  /// As FamilyOptions::name. One that does not end in _info gets that ending. An info foo_info takes the name foo too.
  std::string_view name;
  /// As FamilyOptions::help.
  std::string_view help = {};
};

/// What Registry::info() has said: whether it is registered, by ok() and error(). Nothing more needs to be kept. Every set
/// of values that was ever said stays a series of the family, shown or not: past the family's limit of series (10,000) a new
/// one is refused and none is shown, so an info is not for counts and times.
class SHMETRICS_EXPORT InfoFamily : public Family {
 private:
  friend class Registry;
  explicit InfoFamily(internal::FamilyBinding* binding) noexcept : Family(binding) {}
};

}  // namespace shmetrics

#endif  // SHMETRICS_INFO_H_

#ifndef SHMETRICS_CLIENT_LIB_BINDING_INFO_BINDING_H_
#define SHMETRICS_CLIENT_LIB_BINDING_INFO_BINDING_H_

#include <atomic>
#include <span>
#include <string_view>

namespace shmetrics::internal {

class FamilyBinding;
class GaugeBinding;

/// What this process says in one info: one set of label values at a time, each of which is a gauge of value 1.
class InfoBinding {
 public:
  /// Shows these values, and then takes back those shown before, so that no scrape finds none.
  void Say(FamilyBinding* family, std::span<const std::string_view> values) noexcept;

 private:
  void Settle(GaugeBinding* gauge) noexcept;

  std::atomic<GaugeBinding*> said_{
      nullptr};  ///< never freed; after a fork still the parent's, until the child says one
};

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_BINDING_INFO_BINDING_H_

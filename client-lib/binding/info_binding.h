#ifndef SHMETRICS_CLIENT_LIB_BINDING_INFO_BINDING_H_
#define SHMETRICS_CLIENT_LIB_BINDING_INFO_BINDING_H_

#include <atomic>
#include <span>
#include <string_view>

namespace shmetrics::internal {

class FamilyBinding;
class GaugeBinding;

/// What this process says in one info: one set of label values at a time. Each set is a gauge with the value
/// 1.
class InfoBinding {
 public:
  /// Shows these values, then removes the former ones, in this order so that every scrape finds some.
  void Say(FamilyBinding* family, std::span<const std::string_view> values) noexcept;

 private:
  void Settle(GaugeBinding* gauge) noexcept;

  /// Never freed. After a fork it is the parent's, until the child says something.
  std::atomic<GaugeBinding*> said_{nullptr};
};

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_BINDING_INFO_BINDING_H_

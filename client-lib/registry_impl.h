#ifndef SHMETRICS_CLIENT_LIB_REGISTRY_IMPL_H_
#define SHMETRICS_CLIENT_LIB_REGISTRY_IMPL_H_

#include <atomic>
#include <optional>
#include <string>
#include <utility>

#include "client-lib/binding/connection.h"
#include "client-lib/binding/family_binding.h"
#include "client-lib/binding/gauge_binding.h"
#include "client-lib/binding/refusal_log.h"
#include "shmetrics/registry.h"

namespace shmetrics {

namespace internal {
/// What families are when there is no memory for one, whatever their type. It counts in detached cells.
FamilyBinding* BindingOfLastResort() noexcept;
/// True once Registry::configure() is too late.
bool IsGlobalRegistryInUse() noexcept;
}  // namespace internal

/// The inside of a Registry: the connection, and every family and gauge this process has asked for. Lives as
/// long as the process. Lock-free throughout, so that a child forked at any moment finds it whole.
class Registry::Impl {
 public:
  /// `options` and `refused` as for Connection. `ignored_environment` as in RegistryStatus.
  Impl(const RegistryOptions& options, std::optional<Error> refused, std::string ignored_environment)
      : ignored_environment_(std::move(ignored_environment)), connection_(options, std::move(refused)) {
    connection_.Refresh();
  }

  /// Null without memory. Then LastResort() stands in.
  static Registry* Make(const RegistryOptions& options, std::uint64_t caller_layout) noexcept;
  static Registry& LastResort() noexcept;

  /// The binding of a definition; makes a new one.
  internal::FamilyBinding* Bind(const FamilyOptions& options, shm::layout::MetricType type, GaugeMode mode,
                                const Buckets& bounds) noexcept;
  /// Makes a binding in the caller's memory.
  internal::FamilyBinding* MakeBinding(void* storage, shm::FamilyDefinition definition);
  RegistryStatus ReadStatus() const noexcept;
  /// Counts that there was no memory for a family. Returns the binding of last resort.
  internal::FamilyBinding* NoMemory() noexcept;

 private:
  // These throw std::bad_alloc.
  static Registry* TryMake(const RegistryOptions& options, std::uint64_t caller_layout);
  internal::FamilyBinding* FindOrMake(const shm::FamilyDefinition& definition);
  RegistryStatus ReadAllOfStatus() const;

  const std::string ignored_environment_;
  internal::Connection connection_;
  internal::RefusalLog refusals_;
  internal::FamilyBinding::Tree families_;
  internal::GaugeTable gauges_;
};

}  // namespace shmetrics

#endif  // SHMETRICS_CLIENT_LIB_REGISTRY_IMPL_H_

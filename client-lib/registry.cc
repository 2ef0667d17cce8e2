#include "shmetrics/registry.h"

#include <cstddef>
#include <exception>
#include <memory>
#include <new>
#include <utility>

#include "client-lib/registry_impl.h"
#include "shm/family.h"

namespace shmetrics {
namespace {

using internal::FamilyBinding;
using shm::FamilyDefinition;
using shm::layout::MetricType;

constinit std::atomic<Registry*> global_registry{nullptr};
constinit std::atomic<const RegistryOptions*> global_options{nullptr};

FamilyDefinition DefinitionOf(const FamilyOptions& options, MetricType type, GaugeMode mode,
                              const Buckets& bounds) {
  FamilyDefinition definition;
  definition.name = shm::IsCounter(type) ? shm::CounterName(options.name) : std::string(options.name);
  definition.help = options.help;
  definition.unit = options.unit;
  definition.type = type;
  if (type == MetricType::kGauge) definition.gauge_mode = static_cast<shm::layout::GaugeMode>(mode);
  definition.label_names.assign(options.labels.begin(), options.labels.end());
  definition.bounds = bounds;
  return definition;
}

std::optional<Error> CheckLayout(std::uint32_t layout) {
  if (layout == shm::kLayoutMajor) return std::nullopt;
  return Error{ErrorCode::kOtherLayout, "the program was built against layout " + std::to_string(layout) +
                                            ", this library has " + std::to_string(shm::kLayoutMajor) +
                                            "; rebuild the program"};
}

/// The registry for when there is no memory to make one: everything counts in detached cells, and status()
/// says why. In static storage without a destructor, because threads may count until the very end of the
/// process.
Registry::Impl& ImplOfLastResort() noexcept {
  alignas(Registry::Impl) static std::byte storage[sizeof(Registry::Impl)];
  static auto* impl =
      new (storage) Registry::Impl({.segment = "/"}, Error{ErrorCode::kOutOfMemory, "no memory"});
  return *impl;
}

/// Its only family.
FamilyBinding* BindingOfLastResort() noexcept {
  alignas(FamilyBinding) static std::byte storage[sizeof(FamilyBinding)];
  static auto* binding = ImplOfLastResort().MakeBinding(storage, FamilyDefinition{});
  return binding;
}

}  // namespace

FamilyBinding* Registry::Impl::MakeBinding(void* storage, FamilyDefinition definition) {
  return new (storage) FamilyBinding(std::move(definition), connection_, refusals_, gauges_);
}

FamilyBinding* Registry::Impl::Bind(const FamilyOptions& options, MetricType type, GaugeMode mode,
                                    const Buckets& bounds) noexcept try {
  FamilyDefinition definition = DefinitionOf(options, type, mode, bounds);
  FamilyBinding* first = families_.load(std::memory_order_acquire);  // pairs with the exchange below
  std::unique_ptr<FamilyBinding> made;
  for (FamilyBinding* searched = nullptr;;) {
    for (FamilyBinding* family = first; family != searched; family = family->next) {
      const FamilyDefinition& known = family->definition();
      const FamilyDefinition& wanted = made == nullptr ? definition : made->definition();
      if (known.name == wanted.name && shm::SameDefinition(known, wanted)) return family;
    }
    if (made == nullptr)
      made = std::make_unique<FamilyBinding>(std::move(definition), connection_, refusals_, gauges_);
    made->next = searched = first;
    if (families_.compare_exchange_strong(first, made.get(), std::memory_order_acq_rel))
      return made.release();
  }
} catch (const std::exception&) {
  return BindingOfLastResort();
}

Status Registry::Impl::ReadStatus() const {
  const std::optional<Error> error = connection_.error();
  return Status{.attached = !error,
                .full = refusals_.MetALimit(),
                .segment = connection_.path(),
                .error = error ? error->message : "",
                .error_code = error ? error->code : ErrorCode{},
                .refusals = refusals_.Read()};
}

// Both are leaked on purpose: threads may count until the very end of the process, after static destructors.

Registry& Registry::GlobalOf(std::uint32_t layout) noexcept {
  Registry* registry = global_registry.load(std::memory_order_acquire);  // pairs with the exchange below
  if (registry != nullptr) return *registry;
  const RegistryOptions* options = global_options.load(std::memory_order_acquire);  // pairs with configure()
  Registry* made = &OpenOf(options == nullptr ? RegistryOptions{} : *options, layout);
  if (global_registry.compare_exchange_strong(registry, made, std::memory_order_acq_rel)) return *made;
  return *registry;  // another thread was first; the second registry stays, unused
}

Registry& Registry::OpenOf(const RegistryOptions& options, std::uint32_t layout) noexcept try {
  return *new Registry(new Impl(options, CheckLayout(layout)));
} catch (const std::exception&) {
  static Registry last_resort(&ImplOfLastResort());
  return last_resort;
}

bool Registry::configure(const RegistryOptions& options) noexcept try {
  if (global_registry.load(std::memory_order_acquire) != nullptr) return false;
  global_options.store(new RegistryOptions(options), std::memory_order_release);  // pairs with GlobalOf()
  return true;
} catch (const std::exception&) {
  return false;
}

CounterFamily Registry::counter(const FamilyOptions& options) noexcept {
  return CounterFamily(impl_->Bind(options, MetricType::kCounter, GaugeMode{}, {}));
}

FractionalCounterFamily Registry::fractional_counter(const FamilyOptions& options) noexcept {
  return FractionalCounterFamily(impl_->Bind(options, MetricType::kFractionalCounter, GaugeMode{}, {}));
}

GaugeFamily Registry::gauge(const FamilyOptions& options, GaugeMode mode) noexcept {
  return GaugeFamily(impl_->Bind(options, MetricType::kGauge, mode, {}));
}

HistogramFamily Registry::histogram(const FamilyOptions& options, const Buckets& bounds) noexcept {
  return HistogramFamily(impl_->Bind(options, MetricType::kHistogram, GaugeMode{}, bounds));
}

Status Registry::status() const { return impl_->ReadStatus(); }

}  // namespace shmetrics

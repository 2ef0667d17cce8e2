#include "shmetrics/registry.h"

#include <cstddef>
#include <memory>
#include <new>
#include <utility>

#include "client-lib/binding/attachment.h"
#include "client-lib/binding/guarded.h"
#include "client-lib/binding/never_freed.h"
#include "client-lib/config/segment_settings.h"
#include "client-lib/registry_impl.h"
#include "shm/base/out_of_memory.h"
#include "shm/base/text_hash.h"
#include "shm/series/family.h"

namespace shmetrics {
namespace {

using internal::FamilyBinding;
using shm::FamilyDefinition;
using shm::layout::MetricType;

constinit std::atomic<Registry*> global_registry{nullptr};
/// For callers that were built against another layout.
constinit std::atomic<Registry*> refused_registry{nullptr};
constinit std::atomic<const RegistryOptions*> global_options{nullptr};

// Modes of the families that lease_gauge() and info() make. GaugeMode does not have them, so that gauge()
// cannot ask for them.
constexpr auto kLeases = static_cast<GaugeMode>(shm::layout::GaugeMode::kLeases);
constexpr auto kInfo = static_cast<GaugeMode>(shm::layout::GaugeMode::kInfo);

std::string ExposedName(std::string_view name, MetricType type, GaugeMode mode) {
  if (shm::IsCounter(type)) return shm::CounterName(name);
  return mode == kInfo ? shm::InfoName(name) : std::string(name);
}

FamilyDefinition DefinitionOf(const FamilyOptions& options, MetricType type, GaugeMode mode,
                              const Buckets& bounds) {
  FamilyDefinition definition;
  definition.name = ExposedName(options.name, type, mode);
  definition.help = options.help;
  definition.unit = options.unit;
  definition.type = type;
  if (type == MetricType::kGauge) definition.gauge_mode = static_cast<shm::layout::GaugeMode>(mode);
  definition.label_names.assign(options.labels.begin(), options.labels.end());
  definition.bounds = bounds;
  return definition;
}

/// Throws std::bad_alloc.
const RegistryOptions* CopyOf(const RegistryOptions& options) { return new RegistryOptions(options); }

std::optional<Error> CheckLayout(std::uint64_t caller_layout) {
  if (caller_layout == shm::kCallerLayout) return std::nullopt;
  const std::uint64_t major = caller_layout >> 48U;
  return Error{ErrorCode::kOtherLayout, "the program was built against layout " + std::to_string(major) +
                                            (major == shm::kLayoutMajor ? " of other sizes" : "") +
                                            ", this library has " + std::to_string(shm::kLayoutMajor) +
                                            "; rebuild the program"};
}

/// The registry to use when there is no memory to make one. Everything counts in detached cells, and status()
/// says why. It is in static storage and never destroyed, because threads may count until the very end of the
/// process. Nothing in it is long enough to be allocated.
Registry::Impl& ImplOfLastResort() noexcept {
  alignas(Registry::Impl) static std::byte storage[sizeof(Registry::Impl)];
  static auto* impl = new (storage) Registry::Impl({.segment = "/"}, shm::OutOfMemory(), "");
  return *impl;
}

}  // namespace

namespace internal {

FamilyBinding* BindingOfLastResort() noexcept {
  alignas(FamilyBinding) static std::byte storage[sizeof(FamilyBinding)];
  static auto* binding = ImplOfLastResort().MakeBinding(storage, FamilyDefinition{});
  return binding;
}

bool IsGlobalRegistryInUse() noexcept {
  return global_registry.load(std::memory_order_acquire) != nullptr;  // pairs with GlobalOf()
}

}  // namespace internal

using internal::BindingOfLastResort;
using internal::Guarded;

FamilyBinding* Registry::Impl::MakeBinding(void* storage, FamilyDefinition definition) {
  return new (storage) FamilyBinding(std::move(definition), connection_, refusals_, gauges_);
}

FamilyBinding* Registry::Impl::Bind(const FamilyOptions& options, MetricType type, GaugeMode mode,
                                    const Buckets& bounds) noexcept {
  return Guarded([&] { return FindOrMake(DefinitionOf(options, type, mode, bounds)); },
                 [this] { return NoMemory(); });
}

FamilyBinding* Registry::Impl::NoMemory() noexcept {
  refusals_.Note(shm::OutOfMemory());
  if (const internal::Attachment* attachment = connection_.Current())
    attachment->segment->CountRefusal(shm::layout::Refusal::kOutOfMemory);
  return BindingOfLastResort();
}

FamilyBinding* Registry::Impl::FindOrMake(const FamilyDefinition& definition) {
  const std::uint64_t hash = shm::SipHashOf(shm::ProcessHashKey(), definition.name);
  const auto is_wanted = [&](const FamilyBinding& family) {
    const FamilyDefinition& known = family.definition();
    return known.name == definition.name && shm::SameDefinition(known, definition);
  };
  // The definition is copied, because another thread may be faster, and then it is compared once more.
  return families_.FindOrAdd(hash, is_wanted, [&] {
    return std::make_unique<FamilyBinding>(definition, connection_, refusals_, gauges_);
  });
}

RegistryStatus Registry::Impl::ReadStatus() const noexcept {
  return Guarded([this] { return ReadAllOfStatus(); },
                 [this] {
                   return RegistryStatus{.attached = connection_.Current() != nullptr,
                                         .full = true,
                                         .decides_privately = connection_.DecidesPrivately(),
                                         .segment = {},
                                         .error = shm::OutOfMemory().message,
                                         .error_code = ErrorCode::kOutOfMemory,
                                         .refusals = {},
                                         .ignored_environment = {}};
                 });
}

RegistryStatus Registry::Impl::ReadAllOfStatus() const {
  const std::optional<Error> error = connection_.error();
  return RegistryStatus{.attached = connection_.Current() != nullptr,
                        .full = refusals_.MetALimit(),
                        .decides_privately = connection_.DecidesPrivately(),
                        .segment = connection_.path(),
                        .error = error ? error->message : "",
                        .error_code = error ? error->code : ErrorCode{},
                        .refusals = refusals_.Read(),
                        .ignored_environment = ignored_environment_};
}

// Registries and options are leaked on purpose: threads may count until the very end of the process, after
// static destructors.

Registry& Registry::GlobalOf(std::uint64_t caller_layout) noexcept {
  // The modules of one program may be built against different layouts. Each layout has its own registry.
  std::atomic<Registry*>& global = caller_layout == shm::kCallerLayout ? global_registry : refused_registry;
  Registry* registry = global.load(std::memory_order_acquire);  // pairs with the exchange below
  if (registry != nullptr) return *registry;
  const RegistryOptions* configured =
      global_options.load(std::memory_order_acquire);  // pairs with configure()
  const RegistryOptions none;
  Registry* made = Impl::Make(configured == nullptr ? none : *configured, caller_layout);
  if (made == nullptr) return Impl::LastResort();  // the next use tries again
  if (global.compare_exchange_strong(registry, made, std::memory_order_acq_rel)) return *made;
  return *registry;  // another thread was first, and the registry made here stays unused
}

Registry& Registry::OpenOf(const RegistryOptions& options, std::uint64_t caller_layout) noexcept {
  Registry* made = Impl::Make(options, caller_layout);
  return made == nullptr ? Impl::LastResort() : *made;
}

Registry& Registry::Impl::LastResort() noexcept {
  static Registry last_resort(&ImplOfLastResort());
  return last_resort;
}

Registry* Registry::Impl::Make(const RegistryOptions& options, std::uint64_t caller_layout) noexcept {
  return Guarded([&] { return TryMake(options, caller_layout); }, []() -> Registry* { return nullptr; });
}

Registry* Registry::Impl::TryMake(const RegistryOptions& options, std::uint64_t caller_layout) {
  config::RegistryOptionsReading reading = config::ReadRegistryOptions(options);
  std::optional<Error> refused = CheckLayout(caller_layout);
  if (!refused) refused = std::move(reading.error);
  std::unique_ptr<Registry, decltype([](Registry* unfinished) { delete unfinished; })> registry(
      new Registry(nullptr));
  // Last, because it cannot be taken back: it attaches.
  registry->impl_ = new Impl(reading.options, std::move(refused), std::move(reading.ignored));
  internal::KeepNeverFreed(registry.get());
  return registry.release();
}

bool Registry::configure(const RegistryOptions& options) noexcept {
  if (internal::IsGlobalRegistryInUse()) return false;
  return Guarded(
      [&] {
        // pairs with GlobalOf(), which may still read the former options
        internal::KeepNeverFreed(global_options.exchange(CopyOf(options), std::memory_order_acq_rel));
        return true;
      },
      [] { return false; });
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

LeaseGaugeFamily Registry::lease_gauge(const FamilyOptions& options) noexcept {
  return LeaseGaugeFamily(impl_->Bind(options, MetricType::kGauge, kLeases, {}));
}

InfoFamily Registry::info(const InfoOptions& options, std::initializer_list<LabelPair> labels) noexcept {
  return info(options, {labels.begin(), labels.size()});
}

InfoFamily Registry::info(const InfoOptions& options, std::span<const LabelPair> labels) noexcept {
  return InfoFamily(Guarded(
      [&] {
        FamilyOptions family{.name = options.name, .help = options.help};
        std::vector<std::string_view> values;
        for (const LabelPair& label : labels) {
          family.labels.push_back(label.name);
          values.push_back(label.value);
        }
        FamilyBinding* binding = impl_->Bind(family, MetricType::kGauge, kInfo, {});
        binding->info().Say(binding, values);
        return binding;
      },
      [&] { return impl_->NoMemory(); }));
}

RegistryStatus Registry::status() const noexcept { return impl_->ReadStatus(); }

void Registry::announce_end() noexcept { internal::Attachment::SayEnd(); }

}  // namespace shmetrics

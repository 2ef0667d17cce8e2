// Registries and families of the C interface.

#include "shmetrics/registry.h"

#include <new>
#include <optional>
#include <string>

#include "client-lib/c/face.h"
#include "client-lib/registry_impl.h"
#include "shmetrics/c.h"

namespace {

using namespace shmetrics::internal;  // NOLINT(google-build-using-namespace): what this file is the edge of
using shmetrics::FamilyOptions;
using shmetrics::GaugeMode;
using shmetrics::Registry;
using shmetrics::RegistryOptions;

static_assert(SHMETRICS_GAUGE_SUM == static_cast<int>(GaugeMode::sum));
static_assert(SHMETRICS_GAUGE_MIN == static_cast<int>(GaugeMode::min));
static_assert(SHMETRICS_GAUGE_MAX == static_cast<int>(GaugeMode::max));
static_assert(SHMETRICS_GAUGE_MOST_RECENT == static_cast<int>(GaugeMode::most_recent));
static_assert(SHMETRICS_GAUGE_PER_WORKER == static_cast<int>(GaugeMode::per_worker));
static_assert(SHMETRICS_GAUGE_LAST == static_cast<int>(GaugeMode::last));

shmetrics_registry* HandleOf(Registry& registry) {
  return ToHandle<shmetrics_registry>(ObjectType::kRegistry, &registry);
}

template <class Number>
void SetIfGiven(std::optional<Number>* option, Number given) {
  if (given != 0) *option = given;
}

RegistryOptions OptionsOf(const shmetrics_registry_options& given) {
  RegistryOptions options;
  if (given.segment != nullptr) options.segment = given.segment;
  if (given.worker_name != nullptr) options.worker_name = given.worker_name;
  SetIfGiven(&options.trusted_owner, given.trusted_owner);
  SetIfGiven(&options.segment_bytes, given.segment_bytes);
  SetIfGiven(&options.series_limit, given.series_limit);
  SetIfGiven(&options.family_series_limit, given.family_series_limit);
  SetIfGiven(&options.worker_slots, given.worker_slots);
  SetIfGiven(&options.max_cpu_stripes, given.max_cpu_stripes);
  if (given.max_cpu_stripes == SHMETRICS_NO_CPU_STRIPES) options.max_cpu_stripes = 0;
  SetIfGiven(&options.lease_limit, given.lease_limit);
  SetIfGiven(&options.ledger_limit, given.ledger_limit);
  if (given.shared_pid_namespaces != 0) options.shared_pid_namespaces = given.shared_pid_namespaces > 0;
  if (given.private_decisions != 0) options.private_decisions = given.private_decisions > 0;
  return options;
}

shmetrics_code Check(const shmetrics_registry_options* options, shmetrics_error* error) {
  if (options == nullptr) return FailOnNull(error);
  return CheckSize(options, options->size, sizeof(*options), error);
}

std::string_view TextOrNothing(const char* text) { return text == nullptr ? "" : text; }

/// Finds or registers a family by make(registry, options).
template <class Make>
shmetrics_code MakeFamily(shmetrics_registry* registry, const shmetrics_family_options* options,
                          FamilyKind kind, shmetrics_family** family, shmetrics_error* error, Make make) {
  if (family != nullptr) *family = nullptr;
  Registry* const in = RegistryOf(registry);
  if (in == nullptr || options == nullptr || family == nullptr) return FailOnNull(error);
  if (const shmetrics_code code = CheckSize(options, options->size, sizeof(*options), error)) return code;
  const Texts labels(options->labels, options->label_count);
  if (options->name == nullptr || !labels.ok()) return FailOnNull(error);
  return Guarded(error, [&]() -> shmetrics_code {
    const FamilyOptions asked{.name = options->name,
                              .help = TextOrNothing(options->help),
                              .unit = TextOrNothing(options->unit),
                              .labels = {labels.get().begin(), labels.get().end()}};
    FamilyBinding* binding = FamilyAccess::BindingOf(make(*in, asked));
    // If memory is short, the registry returns one family for all kinds.
    if (binding == BindingOfLastResort() || KindOf(*binding) != kind) throw std::bad_alloc();
    *family = FamilyOf(binding);
    return shmetrics_family_check(*family, error);
  });
}

}  // namespace

shmetrics_code shmetrics_registry_configure(const shmetrics_registry_options* options,
                                            shmetrics_error* error) {
  if (const shmetrics_code code = Check(options, error)) return code;
  return Guarded(error, [&]() -> shmetrics_code {
    if (Registry::configure(OptionsOf(*options))) return Succeed(error);
    if (!IsGlobalRegistryInUse()) throw std::bad_alloc();
    return Fail(error, SHMETRICS_ALREADY_IN_USE, "too late: the global registry has been used");
  });
}

shmetrics_registry* shmetrics_registry_global() { return HandleOf(Registry::global()); }

shmetrics_code shmetrics_registry_open(const shmetrics_registry_options* options,
                                       shmetrics_registry** registry, shmetrics_error* error) {
  if (registry == nullptr) return FailOnNull(error);
  *registry = nullptr;
  if (const shmetrics_code code = Check(options, error)) return code;
  return Guarded(error, [&]() -> shmetrics_code {
    Registry& opened = Registry::open(OptionsOf(*options));
    *registry = HandleOf(opened);
    const shmetrics::RegistryStatus status = opened.status();
    return status.error.empty() ? Succeed(error) : Fail(error, {status.error_code, status.error});
  });
}

shmetrics_code shmetrics_registry_status(const shmetrics_registry* registry, shmetrics_status* status) {
  if (status == nullptr) return SHMETRICS_BAD_ARGUMENT;
  *status = {};
  const Registry* const of = RegistryOf(registry);
  if (of == nullptr) return SHMETRICS_BAD_ARGUMENT;
  return Guarded(nullptr, [&]() -> shmetrics_code {
    const shmetrics::RegistryStatus read = of->status();
    status->attached = read.attached ? 1 : 0;
    status->full = read.full ? 1 : 0;
    for (const shmetrics::RefusalStatus& refusal : read.refusals) status->refusals += refusal.count;
    if (!read.error.empty()) Fail(&status->condition, {read.error_code, read.error});
    return SHMETRICS_OK;
  });
}

shmetrics_code shmetrics_registry_describe(const shmetrics_registry* registry, char* buffer,
                                           std::size_t capacity, std::size_t* length) {
  WriteText("", buffer, capacity, length);
  const Registry* const of = RegistryOf(registry);
  if (of == nullptr) return SHMETRICS_BAD_ARGUMENT;
  return Guarded(nullptr, [&]() -> shmetrics_code {
    const shmetrics::RegistryStatus status = of->status();
    std::string text = (status.attached ? "attached to " : "not attached to ") + status.segment;
    if (!status.error.empty()) text += ": " + status.error;
    if (status.decides_privately) text += "\nlimits are decided within this process (private_decisions)";
    for (const shmetrics::RefusalStatus& refusal : status.refusals) {
      text += "\nrefused " + std::to_string(refusal.count) + " times: " + refusal.first;
    }
    if (!status.ignored_environment.empty()) text += "\n" + status.ignored_environment;
    return WriteText(text, buffer, capacity, length);
  });
}

void shmetrics_announce_end() { Registry::announce_end(); }

shmetrics_code shmetrics_counter_family(shmetrics_registry* registry, const shmetrics_family_options* options,
                                        shmetrics_family** family, shmetrics_error* error) {
  return MakeFamily(registry, options, FamilyKind::kCounter, family, error,
                    [](Registry& in, const FamilyOptions& asked) { return in.counter(asked); });
}

shmetrics_code shmetrics_fractional_family(shmetrics_registry* registry,
                                           const shmetrics_family_options* options, shmetrics_family** family,
                                           shmetrics_error* error) {
  return MakeFamily(registry, options, FamilyKind::kFractional, family, error,
                    [](Registry& in, const FamilyOptions& asked) { return in.fractional_counter(asked); });
}

shmetrics_code shmetrics_gauge_family(shmetrics_registry* registry, const shmetrics_family_options* options,
                                      shmetrics_gauge_mode mode, shmetrics_family** family,
                                      shmetrics_error* error) {
  if (mode < SHMETRICS_GAUGE_SUM || mode > SHMETRICS_GAUGE_LAST) {
    if (family != nullptr) *family = nullptr;
    return Fail(error, SHMETRICS_BAD_ARGUMENT, "there is no such gauge mode");
  }
  return MakeFamily(registry, options, FamilyKind::kGauge, family, error,
                    [mode](Registry& in, const FamilyOptions& asked) {
                      return in.gauge(asked, static_cast<GaugeMode>(mode));
                    });
}

shmetrics_code shmetrics_histogram_family(shmetrics_registry* registry,
                                          const shmetrics_family_options* options, const double* bounds,
                                          std::size_t bound_count, shmetrics_family** family,
                                          shmetrics_error* error) {
  if (bounds == nullptr && bound_count > 0) {
    if (family != nullptr) *family = nullptr;
    return FailOnNull(error);
  }
  return MakeFamily(registry, options, FamilyKind::kHistogram, family, error,
                    [&](Registry& in, const FamilyOptions& asked) {
                      return in.histogram(asked, shmetrics::Buckets(bounds, bounds + bound_count));
                    });
}

shmetrics_code shmetrics_lease_family(shmetrics_registry* registry, const shmetrics_family_options* options,
                                      shmetrics_family** family, shmetrics_error* error) {
  return MakeFamily(registry, options, FamilyKind::kLease, family, error,
                    [](Registry& in, const FamilyOptions& asked) { return in.lease_gauge(asked); });
}

shmetrics_code shmetrics_family_check(const shmetrics_family* family, shmetrics_error* error) {
  FamilyBinding* binding = BindingOf(family);
  if (binding == nullptr) return FailOnNull(error);
  return Guarded(error, [&]() -> shmetrics_code {
    const std::optional<shmetrics::Error> failure = binding->Register();
    return failure ? Fail(error, *failure) : Succeed(error);
  });
}

shmetrics_code shmetrics_family_remove(const shmetrics_family* family, const char* const* values,
                                       std::size_t count) {
  const Texts texts(values, count);
  FamilyBinding* binding = BindingOf(family);
  if (binding == nullptr || !texts.ok()) return SHMETRICS_BAD_ARGUMENT;
  return binding->Remove(texts.get()) ? SHMETRICS_OK : SHMETRICS_NOT_FOUND;
}

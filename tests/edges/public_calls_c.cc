// The public calls of C.

#include <array>

#include "tests/edges/public_calls.h"

namespace shmetrics::testing {
namespace {

constexpr std::array<double, 2> kBounds = {1, 2};

/// Calls ask(subject, text, &error), which returns a code, and expects `wanted`.
template <class Ask>
auto Answers(shmetrics_code wanted, Ask ask) {
  return [wanted, ask](Subject& subject, int number, const Around& around) {
    const std::string text = Subject::Text(number);
    shmetrics_error error{};
    shmetrics_code code = SHMETRICS_OTHER;
    around([&] { code = ask(subject, text.c_str(), &error); });
    return code == wanted;
  };
}

/// Makes a family of the name c_family_NUMBER by make(registry, options, &family, &error).
template <class Make>
auto FamilyOf(Make make) {
  return [make](Subject& subject, int number, const Around& around) {
    const std::string name = "c_family_with_a_long_name_" + std::to_string(number);
    const char* const label = "a_label_with_a_long_name";
    shmetrics_family_options options{};
    options.size = sizeof options;
    options.name = name.c_str();
    options.help = "A help text of many bytes.";
    options.labels = &label;
    options.label_count = 1;
    shmetrics_family* family = nullptr;
    shmetrics_error error{};
    shmetrics_code code = SHMETRICS_OTHER;
    around([&] { code = make(subject.c_registry, &options, &family, &error); });
    return code == SHMETRICS_OK && family != nullptr;
  };
}

shmetrics_labels LabelsOf(const char* const* name, const char* const* value) {
  shmetrics_labels labels{};
  labels.size = sizeof labels;
  labels.names = name;
  labels.values = value;
  labels.count = 1;
  return labels;
}

/// Calls keep(text, labels) with the labels of an exemplar.
template <class Keep>
shmetrics_code WithExemplar(Keep keep) {
  const char* const name = "trace_id";
  const char* const value = "4bf92f3577b34da6";
  const shmetrics_labels exemplar = LabelsOf(&name, &value);
  return keep(&exemplar);
}

void AddCCallsOfRegistry(std::vector<PublicCall>* calls) {
  calls->push_back({"shmetrics_registry_open",
                    Answers(SHMETRICS_OK, [](Subject& subject, const char*, shmetrics_error* error) {
                      shmetrics_registry* registry = nullptr;
                      return shmetrics_registry_open(&subject.c_options, &registry, error);
                    })});
  calls->push_back({"shmetrics_registry_configure and global",
                    [](Subject& subject, int, const Around& around) {
                      around([&] {
                        shmetrics_registry_configure(&subject.c_options, nullptr);
                        shmetrics_registry_global();
                      });
                      shmetrics_family_options options{};
                      options.size = sizeof options;
                      options.name = "after_total";
                      shmetrics_family* family = nullptr;
                      return shmetrics_counter_family(shmetrics_registry_global(), &options, &family,
                                                      nullptr) == SHMETRICS_OK;
                    },
                    true});
  calls->push_back({"shmetrics_registry_describe",
                    Answers(SHMETRICS_OK, [](Subject& subject, const char*, shmetrics_error*) {
                      char text[256];
                      return shmetrics_registry_describe(subject.c_registry, text, sizeof text, nullptr);
                    })});
  calls->push_back({"shmetrics_counter_family", FamilyOf(shmetrics_counter_family)});
  calls->push_back({"shmetrics_fractional_family", FamilyOf(shmetrics_fractional_family)});
  calls->push_back(
      {"shmetrics_gauge_family", FamilyOf([](auto* in, auto* options, auto** family, auto* error) {
         return shmetrics_gauge_family(in, options, SHMETRICS_GAUGE_MAX, family, error);
       })});
  calls->push_back(
      {"shmetrics_histogram_family", FamilyOf([](auto* in, auto* options, auto** family, auto* error) {
         return shmetrics_histogram_family(in, options, kBounds.data(), kBounds.size(), family, error);
       })});
  calls->push_back({"shmetrics_lease_family", FamilyOf(shmetrics_lease_family)});
  calls->push_back({"shmetrics_family_check",
                    Answers(SHMETRICS_OK, [](Subject& subject, const char*, shmetrics_error* error) {
                      return shmetrics_family_check(subject.c_counters, error);
                    })});
  calls->push_back({"shmetrics_info_say",
                    Answers(SHMETRICS_OK, [](Subject& subject, const char* text, shmetrics_error* error) {
                      const char* const name = "version";
                      const shmetrics_labels labels = LabelsOf(&name, &text);
                      return shmetrics_info_say(subject.c_registry, "c_build", nullptr, &labels, error);
                    })});
}

void AddCCallsOfSeries(std::vector<PublicCall>* calls) {
  calls->push_back({"shmetrics_counter_with",
                    Answers(SHMETRICS_OK, [](Subject& subject, const char* text, shmetrics_error*) {
                      shmetrics_counter* counter = nullptr;
                      const shmetrics_code code =
                          shmetrics_counter_with(subject.c_counters, &text, 1, &counter);
                      shmetrics_counter_inc(counter);
                      return code;
                    })});
  calls->push_back({"shmetrics_fractional_with",
                    Answers(SHMETRICS_OK, [](Subject& subject, const char* text, shmetrics_error*) {
                      shmetrics_fractional* counter = nullptr;
                      return shmetrics_fractional_with(subject.c_fractionals, &text, 1, &counter);
                    })});
  calls->push_back({"shmetrics_histogram_with",
                    Answers(SHMETRICS_OK, [](Subject& subject, const char* text, shmetrics_error*) {
                      shmetrics_histogram* histogram = nullptr;
                      return shmetrics_histogram_with(subject.c_histograms, &text, 1, &histogram);
                    })});
  const auto set = Answers(SHMETRICS_OK, [](Subject& subject, const char* text, shmetrics_error*) {
    shmetrics_gauge* gauge = nullptr;
    const shmetrics_code code = shmetrics_gauge_with(subject.c_gauges, &text, 1, &gauge);
    return code == SHMETRICS_OK ? shmetrics_gauge_set(gauge, 1) : code;
  });
  calls->push_back({"shmetrics_gauge_set, first", set, true});
  calls->push_back({"shmetrics_gauge_set, later", set});
  calls->push_back({"shmetrics_counter_add_exemplar",
                    Answers(SHMETRICS_OK, [](Subject& subject, const char* text, shmetrics_error*) {
                      return WithExemplar([&](const shmetrics_labels* exemplar) {
                        return shmetrics_counter_add_exemplar(subject.c_counters, &text, 1, 1, exemplar);
                      });
                    })});
  calls->push_back({"shmetrics_histogram_observe_exemplar",
                    Answers(SHMETRICS_OK, [](Subject& subject, const char* text, shmetrics_error*) {
                      return WithExemplar([&](const shmetrics_labels* exemplar) {
                        return shmetrics_histogram_observe_exemplar(subject.c_histograms, &text, 1, 1,
                                                                    exemplar);
                      });
                    })});
  calls->push_back({"shmetrics_family_remove",
                    Answers(SHMETRICS_OK, [](Subject& subject, const char* text, shmetrics_error*) {
                      shmetrics_counter* counter = nullptr;
                      shmetrics_counter_with(subject.c_counters, &text, 1, &counter);
                      return shmetrics_family_remove(subject.c_counters, &text, 1);
                    })});
}

void AddCCallsOfLeases(std::vector<PublicCall>* calls) {
  const auto acquire = Answers(SHMETRICS_OK, [](Subject& subject, const char* text, shmetrics_error* error) {
    shmetrics_lease* lease = nullptr;
    const shmetrics_code code =
        shmetrics_lease_try_acquire(subject.c_leases, &text, 1, 1, 3'600'000, &lease, error);
    if (code != SHMETRICS_OK) return code;
    const shmetrics_code renewed = shmetrics_lease_renew(lease);
    const shmetrics_code released = shmetrics_lease_release(lease);
    shmetrics_lease_free(lease);
    return renewed == SHMETRICS_OK ? released : renewed;
  });
  calls->push_back({"shmetrics_lease_try_acquire, first", acquire, true});
  calls->push_back({"shmetrics_lease_try_acquire, later", acquire});
  calls->push_back(
      {"shmetrics_lease_try_acquire, which is refused",
       Answers(SHMETRICS_LIMIT_REACHED, [](Subject& subject, const char* text, shmetrics_error* error) {
         shmetrics_lease* lease = nullptr;
         return shmetrics_lease_try_acquire(subject.c_leases, &text, 1, 0, 0, &lease, error);
       })});
  calls->push_back({"shmetrics_lease_count",
                    Answers(SHMETRICS_OK, [](Subject& subject, const char* text, shmetrics_error* error) {
                      std::uint64_t live = 0;
                      return shmetrics_lease_count(subject.c_leases, &text, 1, &live, error);
                    })});
}

void AddCCallsOfQuota(std::vector<PublicCall>* calls) {
  calls->push_back({"shmetrics_quota_create",
                    Answers(SHMETRICS_OK, [](Subject& subject, const char*, shmetrics_error* error) {
                      shmetrics_quota* quota = nullptr;
                      return shmetrics_quota_create(subject.c_registry, subject.quota_options.config.c_str(),
                                                    &quota, error);
                    })});
  calls->push_back({"shmetrics_quota_config and warnings",
                    Answers(SHMETRICS_OK, [](Subject& subject, const char*, shmetrics_error*) {
                      char text[256];
                      const shmetrics_code code =
                          shmetrics_quota_config(subject.c_quota, text, sizeof text, nullptr);
                      return code == SHMETRICS_OK
                                 ? shmetrics_quota_warnings(subject.c_quota, text, sizeof text, nullptr)
                                 : code;
                    })});
  calls->push_back({"shmetrics_quota_try_start_stream",
                    Answers(SHMETRICS_OK, [](Subject& subject, const char* text, shmetrics_error* error) {
                      shmetrics_activity* stream = nullptr;
                      const shmetrics_code code =
                          shmetrics_quota_try_start_stream(subject.c_quota, text, nullptr, &stream, error);
                      shmetrics_activity_free(stream);
                      return code;
                    })});
  calls->push_back({"shmetrics_quota_active_jobs",
                    Answers(SHMETRICS_OK, [](Subject& subject, const char* text, shmetrics_error* error) {
                      std::uint64_t active = 0;
                      return shmetrics_quota_active_jobs(subject.c_quota, text, &active, error);
                    })});
  calls->push_back({"shmetrics_quota_consume_daily_minutes",
                    Answers(SHMETRICS_OK, [](Subject& subject, const char* text, shmetrics_error* error) {
                      shmetrics_daily_minutes state{};
                      return shmetrics_quota_consume_daily_minutes(subject.c_quota, text, 0.001,
                                                                   SHMETRICS_TIER_NONE, &state, error);
                    })});
  calls->push_back({"shmetrics_quota_record and refund_daily_minutes",
                    Answers(SHMETRICS_OK, [](Subject& subject, const char* text, shmetrics_error* error) {
                      shmetrics_minutes day{};
                      const shmetrics_code code = shmetrics_quota_record_daily_minutes(
                          subject.c_quota, text, 0.001, SHMETRICS_TIER_NONE, 0, &day, error);
                      return code == SHMETRICS_OK
                                 ? shmetrics_quota_refund_daily_minutes(subject.c_quota, text, 0.001,
                                                                        SHMETRICS_TIER_NONE, 0, &day, error)
                                 : code;
                    })});
  calls->push_back({"shmetrics_quota_reserve_daily_minutes and settle",
                    Answers(SHMETRICS_OK, [](Subject& subject, const char* text, shmetrics_error* error) {
                      shmetrics_minutes day{};
                      shmetrics_reservation* reservation = nullptr;
                      shmetrics_code code = shmetrics_quota_reserve_daily_minutes(
                          subject.c_quota, text, 1, SHMETRICS_TIER_NONE, 0, &reservation, &day, error);
                      if (code == SHMETRICS_OK)
                        code = shmetrics_reservation_settle(reservation, 0.001, 0, &day, error);
                      shmetrics_reservation_free(reservation);
                      return code;
                    })});
  calls->push_back({"shmetrics_quota_set_tier",
                    Answers(SHMETRICS_OK, [](Subject& subject, const char* text, shmetrics_error* error) {
                      return shmetrics_quota_set_tier(subject.c_quota, text, SHMETRICS_TIER_PREMIUM, error);
                    })});
  calls->push_back({"shmetrics_quota_announce_model",
                    Answers(SHMETRICS_OK, [](Subject& subject, const char* text, shmetrics_error* error) {
                      return shmetrics_quota_announce_model(subject.c_quota, text, error);
                    })});
}

}  // namespace

std::vector<PublicCall> CallsOfC() {
  std::vector<PublicCall> calls;
  AddCCallsOfRegistry(&calls);
  AddCCallsOfSeries(&calls);
  AddCCallsOfLeases(&calls);
  AddCCallsOfQuota(&calls);
  return calls;
}

}  // namespace shmetrics::testing

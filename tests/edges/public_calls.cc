#include "tests/edges/public_calls.h"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <utility>

#include "tests/support/fake_clock.h"
#include "tests/support/segment_reading.h"

namespace shmetrics::testing {
namespace {

using audio::Quota;
using audio::Tier;

/// Writes the ini file and the saved ledger that it names. Returns its path.
std::string WriteFiles(const std::string& folder) {
  std::ofstream(folder + "/saved-ledger.json") << R"({"format": "shmetrics-ledger-1",
    "saved": "2026-11-22T16:00:00.000Z", "users": [
    {"user": "a-user-whose-name-is-long", "day": "2026-11-22", "nano_minutes": 5, "tier": "premium"}]})";
  const std::string ini = folder + "/shmetrics.ini";
  std::ofstream(ini) << "[Audio-Quota]\nstate_file = " << folder << "/saved-ledger.json\n"
                     << "models = one-model-with-a-long-name, another-model-with-a-long-name\n";
  return ini;
}

RegistryOptions OptionsIn(const std::string& folder) {
  return {.segment = folder + "/segment.v1",
          .worker_name = "a-worker-with-a-long-name",
          .segment_bytes = 16U << 20U,
          .series_limit = 20'000,
          .family_series_limit = 10'000,
          .worker_slots = 64};
}

Registry& OpenPrivately() {
  return Registry::open({.segment = "/proc/no-segment-can-be-here.v1", .private_decisions = true});
}

template <class Families>
auto NewFamily(Families make) {
  return [make](Subject& subject, int number, const Around& around) {
    const std::string name = "family_with_a_long_name_" + std::to_string(number);
    const FamilyOptions options{
        .name = name, .help = "A help text of many bytes.", .labels = {"a_label_with_a_long_name", "b"}};
    bool ok = false;
    around([&] { ok = make(subject.registry, options).ok(); });
    return ok;
  };
}

/// Makes a series with a new label set and uses it.
template <class Family, class Use>
auto NewSeries(const Family Subject::*family, Use use) {
  return [family, use](Subject& subject, int number, const Around& around) {
    const std::string text = Subject::Text(number);
    around([&] { use((subject.*family).with({text})); });
    return true;
  };
}

template <class Ask>
auto WithText(Ask ask) {
  return [ask](Subject& subject, int number, const Around& around) {
    const std::string text = Subject::Text(number);
    bool ok = false;
    around([&] { ok = ask(subject, text); });
    return ok;
  };
}

bool IsShown(const Subject& subject, int number) {
  return access(subject.options.segment.c_str(), F_OK) == 0 &&
         Read(subject.options.segment).Gauge("depth{k=\"" + Subject::Text(number) + "\"}").has_value();
}

bool SetGauge(Subject& subject, int number, const Around& around) {
  const std::string text = Subject::Text(number);
  around([&] { subject.gauges.with({text}).set(7); });
  return IsShown(subject, number);
}

/// Moves a gauge to a new segment, because the file of the one in use is gone.
bool Follow(Subject& subject, int number, const Around& around) {
  const Gauge gauge = subject.gauges.with({Subject::Text(number)});
  gauge.set(1);
  unlink(subject.options.segment.c_str());
  retry_clock_ahead_seconds += 2;
  around([&] { gauge.set(2); });
  return IsShown(subject, number);
}

void AddCallsOfRegistry(std::vector<PublicCall>* calls) {
  calls->push_back(
      {"Registry::open, which makes a segment", [](Subject& subject, int number, const Around& around) {
         RegistryOptions options = subject.options;
         options.segment += Subject::Text(number);
         bool ok = false;
         around([&] { ok = Registry::open(options).status().attached; });
         return ok;
       }});
  calls->push_back({"Registry::open, which attaches", [](Subject& subject, int, const Around& around) {
                      bool ok = false;
                      around([&] { ok = Registry::open(subject.options).status().attached; });
                      return ok;
                    }});
  calls->push_back({"Registry::configure and global",
                    [](Subject& subject, int, const Around& around) {
                      around([&] {
                        Registry::configure(subject.options);
                        (void)Registry::global().status();
                      });
                      return Registry::global().counter({.name = "after_total"}).ok();
                    },
                    true});
  calls->push_back(
      {"counter", NewFamily([](Registry& in, const FamilyOptions& options) { return in.counter(options); })});
  calls->push_back({"fractional_counter", NewFamily([](Registry& in, const FamilyOptions& options) {
                      return in.fractional_counter(options);
                    })});
  calls->push_back({"gauge", NewFamily([](Registry& in, const FamilyOptions& options) {
                      return in.gauge(options, GaugeMode::max);
                    })});
  calls->push_back({"lease_gauge", NewFamily([](Registry& in, const FamilyOptions& options) {
                      return in.lease_gauge(options);
                    })});
  calls->push_back({"histogram", NewFamily([](Registry& in, const FamilyOptions& options) {
                      return in.histogram(options, buckets::linear(1, 1, 5));
                    })});
  calls->push_back({"info", WithText([](Subject& subject, const std::string& text) {
                      return subject.registry.info({.name = "build"}, {{"version", text}}).ok();
                    })});
  calls->push_back({"a family that is refused", WithText([](Subject& subject, const std::string& text) {
                      const auto refused = subject.registry.counter({.name = text});
                      return !refused.ok() && !refused.error().empty();
                    })});
  calls->push_back({"status", WithText([](Subject& subject, const std::string&) {
                      return subject.registry.status().error_code != ErrorCode::kOutOfMemory;
                    })});
}

void AddCallsOfSeries(std::vector<PublicCall>* calls) {
  calls->push_back({"Counter", NewSeries(&Subject::counters, [](const Counter& counter) { counter.inc(); })});
  calls->push_back({"Counter with an exemplar", NewSeries(&Subject::counters, [](const Counter& counter) {
                      counter.inc(1, {{"trace_id", "4bf92f3577b34da6"}});
                    })});
  calls->push_back({"FractionalCounter",
                    NewSeries(&Subject::fractionals, [](const FractionalCounter& c) { c.inc(0.5); })});
  calls->push_back(
      {"Histogram with an exemplar", NewSeries(&Subject::histograms, [](const Histogram& histogram) {
         histogram.observe(2, {{"trace_id", "4bf92f3577b34da6"}});
       })});
  calls->push_back({"Gauge, first", SetGauge, true});
  calls->push_back({"Gauge, later", SetGauge});
  calls->push_back({"Gauge, which moves", Follow, true});
  calls->push_back({"remove", WithText([](Subject& subject, const std::string& text) {
                      subject.counters.with({text});
                      return subject.counters.remove({text});
                    })});
}

const auto kTryAcquire = WithText([](Subject& subject, const std::string& text) {
  Result<Lease> lease = subject.leases.try_acquire({text}, {.limit = 1, .ttl = std::chrono::hours(1)});
  return lease.ok() && lease->renew() && lease->live() && lease->release();
});

void AddCallsOfLeases(std::vector<PublicCall>* calls) {
  calls->push_back({"try_acquire, first", kTryAcquire, true});
  calls->push_back({"try_acquire, later", kTryAcquire});
  calls->push_back({"try_acquire, which is refused", WithText([](Subject& subject, const std::string& text) {
                      const Result<Lease> refused = subject.leases.try_acquire({text}, {.limit = 0});
                      return !refused.ok() && refused.error().code == ErrorCode::kLimitReached;
                    })});
  calls->push_back({"live", WithText([](Subject& subject, const std::string& text) {
                      return subject.leases.live({text}).ok();
                    })});
  calls->push_back({"try_acquire in private", WithText([](Subject& subject, const std::string& text) {
                      Result<Lease> lease = subject.private_leases.try_acquire({text}, {.limit = 1});
                      return lease.ok() && lease->renew() && subject.private_leases.live({text}).ok() &&
                             lease->release();
                    })});
}

void AddCallsOfQuota(std::vector<PublicCall>* calls) {
  calls->push_back({"Quota", [](Subject& subject, int number, const Around& around) {
                      RegistryOptions options = subject.options;
                      options.segment += Subject::Text(number);
                      Registry& in = Registry::open(options);
                      bool ok = false;
                      around([&] { ok = !Quota(in, subject.quota_options).status().is_out_of_memory; });
                      return ok;
                    }});
  calls->push_back({"try_start_stream", WithText([](Subject& subject, const std::string& text) {
                      Result<audio::Stream> stream = subject.quota.try_start_stream(text);
                      return stream.ok() && stream->heartbeat() && stream->active() && stream->finish();
                    })});
  calls->push_back({"try_start_job", WithText([](Subject& subject, const std::string& text) {
                      return subject.quota.try_start_job(text, {.tier = Tier::standard}).ok();
                    })});
  calls->push_back({"active_streams and active_jobs", WithText([](Subject& subject, const std::string& text) {
                      return subject.quota.active_streams(text).ok() && subject.quota.active_jobs(text).ok();
                    })});
  calls->push_back({"consume_daily_minutes", WithText([](Subject& subject, const std::string& text) {
                      return subject.quota.consume_daily_minutes(text, 0.001).ok();
                    })});
  calls->push_back(
      {"consume_daily_minutes in private", WithText([](Subject& subject, const std::string& text) {
         return subject.private_quota.consume_daily_minutes(text, 0.001).ok();
       })});
  calls->push_back(
      {"check_daily_minutes, which denies", WithText([](Subject& subject, const std::string& text) {
         const auto denied = subject.quota.check_daily_minutes(text, 31, Tier::free);
         return !denied.ok() && denied.error().code == ErrorCode::kDailyMinutes;
       })});
  calls->push_back({"record and refund", WithText([](Subject& subject, const std::string& text) {
                      return subject.quota.record_daily_minutes(text, 0.001).ok() &&
                             subject.quota.refund_daily_minutes(text, 0.001).ok() &&
                             subject.quota.daily_minutes(text).ok();
                    })});
  calls->push_back({"reserve and settle", WithText([](Subject& subject, const std::string& text) {
                      audio::ReserveResult reserved = subject.quota.reserve_daily_minutes(text, 1);
                      return reserved.ok() && reserved->active() && reserved->settle(0.001).ok();
                    })});
  calls->push_back({"reserve, which denies", WithText([](Subject& subject, const std::string& text) {
                      const auto denied = subject.quota.reserve_daily_minutes(text, 31, Tier::free);
                      return !denied.ok() && denied.error().code == ErrorCode::kDailyMinutes;
                    })});
  calls->push_back({"reserve in private and cancel", WithText([](Subject& subject, const std::string& text) {
                      audio::ReserveResult reserved = subject.private_quota.reserve_daily_minutes(text, 1);
                      return reserved.ok() && reserved->cancel();
                    })});
  calls->push_back({"set_tier and tier", WithText([](Subject& subject, const std::string& text) {
                      const Result<Tier> tier = subject.quota.set_tier(text, Tier::premium).ok()
                                                    ? subject.quota.tier(text)
                                                    : Result<Tier>(Tier::free);
                      return tier.ok() && tier.value() == Tier::premium;
                    })});
  calls->push_back({"announce_model", WithText([](Subject& subject, const std::string& text) {
                      return subject.quota.announce_model(text).ok();
                    })});
  calls->push_back({"status of a quota", WithText([](Subject& subject, const std::string&) {
                      const audio::QuotaStatus status = subject.quota.status();
                      return !status.is_out_of_memory && !status.config.empty() && status.warnings.empty();
                    })});
}

}  // namespace

Subject::Subject(std::string the_folder)
    : folder(std::move(the_folder)),
      options(OptionsIn(folder)),
      registry(Registry::open(options)),
      counters(registry.counter({.name = "requests_total", .labels = {"k"}})),
      fractionals(registry.fractional_counter({.name = "seconds_total", .labels = {"k"}})),
      gauges(registry.gauge({.name = "depth", .labels = {"k"}})),
      histograms(registry.histogram({.name = "latency", .labels = {"k"}}, {1, 2, 3})),
      leases(registry.lease_gauge({.name = "uploads", .labels = {"k"}})),
      quota_options{WriteFiles(folder)},
      quota(registry, quota_options),
      private_leases(OpenPrivately().lease_gauge({.name = "uploads", .labels = {"k"}})),
      private_quota(OpenPrivately(), quota_options) {
  c_options.size = sizeof c_options;
  c_options.segment = options.segment.c_str();
  shmetrics_registry_open(&c_options, &c_registry, nullptr);
  const char* const label = "k";
  shmetrics_family_options asked{};
  asked.size = sizeof asked;
  asked.labels = &label;
  asked.label_count = 1;
  asked.name = "c_requests_total";
  shmetrics_counter_family(c_registry, &asked, &c_counters, nullptr);
  asked.name = "c_seconds_total";
  shmetrics_fractional_family(c_registry, &asked, &c_fractionals, nullptr);
  asked.name = "c_depth";
  shmetrics_gauge_family(c_registry, &asked, SHMETRICS_GAUGE_SUM, &c_gauges, nullptr);
  const double bounds[] = {1, 2};
  asked.name = "c_latency";
  shmetrics_histogram_family(c_registry, &asked, bounds, 2, &c_histograms, nullptr);
  asked.name = "c_uploads";
  shmetrics_lease_family(c_registry, &asked, &c_leases, nullptr);
  shmetrics_quota_create(c_registry, quota_options.config.c_str(), &c_quota, nullptr);
}

std::vector<PublicCall> CallsOfCpp() {
  std::vector<PublicCall> calls;
  AddCallsOfRegistry(&calls);
  AddCallsOfSeries(&calls);
  AddCallsOfLeases(&calls);
  AddCallsOfQuota(&calls);
  return calls;
}

}  // namespace shmetrics::testing

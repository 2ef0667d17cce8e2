#ifndef SHMETRICS_TESTS_EDGES_PUBLIC_CALLS_H_
#define SHMETRICS_TESTS_EDGES_PUBLIC_CALLS_H_

#include <shmetrics/c.h>

#include <functional>
#include <string>
#include <vector>

#include "shmetrics/shmetrics.h"

namespace shmetrics::testing {

/// What public calls need, made while nothing fails. There is a segment with a family of each type, a registry
/// that decides privately, quotas with a configuration and a saved ledger, and the same from C.
class Subject {
 public:
  /// Its files are in `folder`, which is empty.
  explicit Subject(std::string folder);

  /// A text that std::string has to allocate, different for each number.
  static std::string Text(int number) {
    return "a-text-of-more-than-fifteen-bytes-" + std::to_string(number);
  }

  const std::string folder;
  const RegistryOptions options;
  Registry& registry;
  const CounterFamily counters;
  const FractionalCounterFamily fractionals;
  const GaugeFamily gauges;
  const HistogramFamily histograms;
  const LeaseGaugeFamily leases;
  const audio::QuotaOptions quota_options;
  const audio::Quota quota;
  /// Without a segment.
  const LeaseGaugeFamily private_leases;
  const audio::Quota private_quota;

  shmetrics_registry_options c_options{};
  shmetrics_registry* c_registry = nullptr;
  shmetrics_family *c_counters = nullptr, *c_fractionals = nullptr, *c_gauges = nullptr,
                   *c_histograms = nullptr, *c_leases = nullptr;
  shmetrics_quota* c_quota = nullptr;
};

/// Makes one call under whatever the test does to it.
using Around = std::function<void(const std::function<void()>& call)>;

struct PublicCall {
  const char* name;
  /// Calls around(call) once. What the call is given is made before, and depends on `number`: a new number
  /// means a new key. Returns true if the call did what it is for. To be used again with the same number.
  std::function<bool(Subject& subject, int number, const Around& around)> make;
  /// True if the first time in a process is different: then each attempt needs a process of its own.
  bool is_first = false;
};

/// All calls that allocate or make system calls, of C++ and of C.
std::vector<PublicCall> CallsOfCpp();
std::vector<PublicCall> CallsOfC();

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_EDGES_PUBLIC_CALLS_H_

#ifndef SHMETRICS_CLIENT_LIB_EXAMPLES_REPORTED_REGISTRY_H_
#define SHMETRICS_CLIENT_LIB_EXAMPLES_REPORTED_REGISTRY_H_

// A registry with the words of shmetrics::Registry whose handles enter every change into a WorkReport. For
// one thread.

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "client-lib/examples/work_report.h"
#include "shmetrics/shmetrics.h"

namespace reported {

/// A Counter or FractionalCounter.
template <class Handle>
class Value {
 public:
  Value(Handle handle, ReportRow* row) : handle_(handle), row_(row) {}

  void inc() const {
    const ReportedChange change(row_, 1);
    handle_.inc();
  }
  void inc(double n) const {
    const ReportedChange change(row_, n);
    handle_.inc(n);
  }

 private:
  Handle handle_;
  ReportRow* row_;
};

using Counter = Value<shmetrics::Counter>;
using FractionalCounter = Value<shmetrics::FractionalCounter>;

class Histogram {
 public:
  Histogram(shmetrics::Histogram histogram, ReportRow* count, ReportRow* sum)
      : histogram_(histogram), count_(count), sum_(sum) {}

  void observe(double value) const {
    const ReportedChange count(count_, 1);
    const ReportedChange sum(sum_, value);
    histogram_.observe(value);
  }

 private:
  shmetrics::Histogram histogram_;
  ReportRow* count_;
  ReportRow* sum_;
};

/// The name and labels of a family, from which the names of its samples are made.
class SampleNames {
 public:
  explicit SampleNames(const shmetrics::FamilyOptions& options)
      : name_(options.name), labels_(options.labels.begin(), options.labels.end()) {}

  /// `values` must need no escaping.
  std::string Make(std::string_view suffix, std::initializer_list<std::string_view> values) const {
    std::string sample = name_ + std::string(suffix);
    char separator = '{';
    std::size_t i = 0;
    for (const std::string_view value : values) {
      sample.append(1, separator).append(labels_[i++]).append("=\"").append(value).append("\"");
      separator = ',';
    }
    return i == 0 ? sample : sample + '}';
  }

 private:
  std::string name_;
  std::vector<std::string> labels_;
};

template <class ShmetricsFamily, class Handle>
class Family {
 public:
  Family(ShmetricsFamily family, const shmetrics::FamilyOptions& options, WorkReport* report)
      : family_(family), names_(options), report_(report) {}

  Handle with(std::initializer_list<std::string_view> values) const {
    return Handle(family_.with(values), report_->AddRow(names_.Make("", values)));
  }

 private:
  ShmetricsFamily family_;
  SampleNames names_;
  WorkReport* report_;
};

template <>
inline Histogram Family<shmetrics::HistogramFamily, Histogram>::with(
    std::initializer_list<std::string_view> values) const {
  return Histogram(family_.with(values), report_->AddRow(names_.Make("_count", values)),
                   report_->AddRow(names_.Make("_sum", values)));
}

using CounterFamily = Family<shmetrics::CounterFamily, Counter>;
using FractionalCounterFamily = Family<shmetrics::FractionalCounterFamily, FractionalCounter>;
using HistogramFamily = Family<shmetrics::HistogramFamily, Histogram>;

class Registry {
 public:
  Registry(shmetrics::Registry& registry, WorkReport* report) : registry_(registry), report_(report) {}

  CounterFamily counter(const shmetrics::FamilyOptions& options) {
    return {registry_.counter(options), options, report_};
  }
  FractionalCounterFamily fractional_counter(const shmetrics::FamilyOptions& options) {
    return {registry_.fractional_counter(options), options, report_};
  }
  HistogramFamily histogram(const shmetrics::FamilyOptions& options, const shmetrics::Buckets& bounds) {
    return {registry_.histogram(options, bounds), options, report_};
  }

 private:
  shmetrics::Registry& registry_;
  WorkReport* report_;
};

}  // namespace reported

#endif  // SHMETRICS_CLIENT_LIB_EXAMPLES_REPORTED_REGISTRY_H_

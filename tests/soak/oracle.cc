#include "tests/soak/oracle.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <set>
#include <string_view>

namespace shmetrics::soak {
namespace {

using Sample = testing::ParsedExposition::Sample;

double ValueOf(const Sample& sample) { return std::strtod(sample.value.c_str(), nullptr); }

std::string NameOf(std::string_view family, std::string_view label, const std::string& value) {
  return std::string(family).append("{").append(label).append("=\"").append(value).append("\"}");
}

/// A name that is equal in both formats: OpenMetrics writes le="1.0" for le="1".
std::string NameOf(const Sample& sample) {
  if (sample.labels.empty()) return sample.name;
  std::string labels;
  for (const auto& [name, value] : sample.labels) {
    const bool has_zero = name == "le" && value.ends_with(".0");
    labels.append(labels.empty() ? "" : ",").append(name).append("=\"");
    labels.append(value, 0, value.size() - (has_zero ? 2 : 0)).append("\"");
  }
  return sample.name + "{" + labels + "}";
}

double ValueOf(const std::map<std::string, double>& samples, const std::string& name) {
  const auto found = samples.find(name);
  return found == samples.end() ? 0 : found->second;
}

}  // namespace

void Oracle::Check(const testing::ParsedExposition& scrape) {
  for (const std::string& complaint : scrape.complaints) ADD_FAILURE() << complaint;
  Samples samples;
  for (const Sample& sample : scrape.samples) {
    if (sample.name.starts_with("soak_")) samples[NameOf(sample)] = ValueOf(sample);
  }
  CheckCounters(samples);
  CheckHistograms(samples);
  CheckVisits(samples);
  CheckGauges(samples);
  CheckLeases(samples);
  CheckNothingGoesBack(scrape);
  CheckExemplars(scrape);
  scrapes_++;
}

void Oracle::ExpectWithin(std::uint32_t account, const std::string& sample, double value) const {
  EXPECT_GE(value, ledger_.accounts()[account].least) << sample << ": less than confirmed";
  EXPECT_LE(value, ledger_.accounts()[account].intended) << sample << ": more than intended";
}

void Oracle::CheckCounters(const Samples& samples) const {
  for (std::uint32_t i = 0; i < kJobs; i++) {
    const std::string sample = NameOf("soak_jobs_total", "job", std::to_string(i));
    ExpectWithin(i, sample, ValueOf(samples, sample));
  }
  for (std::uint32_t i = 0; i < kMinutes; i++) {
    const std::string sample = NameOf("soak_minutes_total", "job", std::to_string(i));
    ExpectWithin(kFirstMinutes + i, sample, ValueOf(samples, sample) / kMinutesEach);
  }
}

/// All values of a bucket are equal, so a count that does not fit its sum shows.
void Oracle::CheckHistograms(const Samples& samples) const {
  constexpr std::array<const char*, kBuckets> kLe = {"0.25", "1", "4", "+Inf"};
  for (std::uint32_t i = 0; i < kLatencies; i++) {
    const std::string job = "job=\"" + std::to_string(i) + "\"";
    double before = 0, sum = 0;
    for (std::uint32_t bucket = 0; bucket < kBuckets; bucket++) {
      const std::string sample = "soak_seconds_bucket{" + job + ",le=\"" + kLe[bucket] + "\"}";
      const double upto = ValueOf(samples, sample);
      ExpectWithin(kFirstBucket + i * kBuckets + bucket, sample, upto - before);
      sum += (upto - before) * kObserved[bucket];
      before = upto;
    }
    EXPECT_EQ(ValueOf(samples, "soak_seconds_count{" + job + "}"), before);
    EXPECT_EQ(ValueOf(samples, "soak_seconds_sum{" + job + "}"), sum);
  }
}

void Oracle::CheckVisits(const Samples& samples) const {
  double shown = ValueOf(samples, NameOf("soak_visits_total", "otel_metric_overflow", "true"));
  double least = 0, intended = 0;
  for (std::uint32_t i = 0; i < kVisitors; i++) {
    const Ledger::Account& account = ledger_.accounts()[kFirstVisitor + i];
    if (account.intended == 0) continue;
    const std::string sample = NameOf("soak_visits_total", "visitor", VisitorName(i));
    const double value = ValueOf(samples, sample);
    EXPECT_GE(value, may_overflow_ ? 0 : account.least) << sample;
    EXPECT_LE(value, account.intended) << sample;
    shown += value;
    least += static_cast<double>(account.least);
    intended += static_cast<double>(account.intended);
  }
  EXPECT_GE(shown, least) << "of all visitors";
  EXPECT_LE(shown, intended) << "of all visitors";
}

void Oracle::CheckGauges(const Samples& samples) const {
  int least = 0;
  double newest_at_least = 0;
  std::set<double> shown;
  for (auto sample = samples.lower_bound("soak_incarnation{");
       sample != samples.end() && sample->first.starts_with("soak_incarnation{"); ++sample) {
    EXPECT_TRUE(shown.insert(sample->second).second) << sample->second << " is shown twice";
    EXPECT_TRUE(ledger_.lives().contains(static_cast<std::uint32_t>(sample->second)))
        << "the gauge of a worker that is dead: " << sample->second;
  }
  for (const auto& [incarnation, life] : ledger_.lives()) {
    if (!life.showed_gauges || !ledger_.IsSettled(life)) continue;
    least++;
    newest_at_least = incarnation;
    EXPECT_TRUE(shown.contains(incarnation)) << incarnation << " lives, and its gauge is not shown";
  }
  const double alive = ValueOf(samples, "soak_alive"), newest = ValueOf(samples, "soak_newest");
  EXPECT_GE(alive, least);
  EXPECT_LE(alive, 5 * static_cast<double>(ledger_.lives().size()));
  EXPECT_GE(newest, newest_at_least);
  EXPECT_TRUE(newest == 0 || ledger_.lives().contains(static_cast<std::uint32_t>(newest)))
      << "the gauge of a worker that is dead: " << newest;
}

void Oracle::CheckLeases(const Samples& samples) const {
  for (auto sample = samples.lower_bound("soak_streams{");
       sample != samples.end() && sample->first.starts_with("soak_streams{"); ++sample) {
    const auto incarnation = std::strtoul(sample->first.c_str() + sample->first.find('"') + 1, nullptr, 10);
    const auto life = ledger_.lives().find(static_cast<std::uint32_t>(incarnation));
    EXPECT_LE(sample->second, life == ledger_.lives().end() ? 0 : life->second.most_streams)
        << sample->first << ": more than it can hold";
  }
  for (const auto& [incarnation, life] : ledger_.lives()) {
    const std::string sample = NameOf("soak_streams", "incarnation", std::to_string(incarnation));
    EXPECT_GE(ValueOf(samples, sample), life.least_streams) << sample << ": less than it holds";
  }
  for (std::uint32_t key = 0; key < kPlaceKeys; key++) {
    const std::string sample = NameOf("soak_places", "key", std::to_string(key));
    EXPECT_LE(ValueOf(samples, sample), PlacesOf(key) * ledger_.segments()) << sample << ": past its limit";
  }
}

void Oracle::CheckNothingGoesBack(const testing::ParsedExposition& scrape) {
  std::map<std::string, double> seen;
  for (const Sample& sample : scrape.samples) {
    const bool counts = sample.name.ends_with("_total") || sample.name.ends_with("_bucket") ||
                        sample.name.ends_with("_count") || sample.name.ends_with("_sum");
    if (counts && sample.name.starts_with("soak_")) seen[NameOf(sample)] = ValueOf(sample);
  }
  for (const auto& [name, highest] : highest_)
    EXPECT_GE(ValueOf(seen, name), highest) << name << " went back";
  highest_ = std::move(seen);
}

/// The exemplar of a bucket must be one of its observations, and whole.
void Oracle::CheckExemplars(const testing::ParsedExposition& scrape) const {
  for (const Sample& sample : scrape.samples) {
    if (!sample.name.starts_with("soak_") || sample.exemplar.empty()) continue;
    constexpr std::string_view kStart = "# {bucket=\"";
    ASSERT_TRUE(sample.exemplar.starts_with(kStart)) << sample.exemplar;
    const auto bucket = static_cast<std::size_t>(sample.exemplar[kStart.size()] - '0');
    ASSERT_LT(bucket, kBuckets) << sample.exemplar;
    const std::size_t value = sample.exemplar.find("} ") + 2;
    EXPECT_EQ(std::strtod(sample.exemplar.c_str() + value, nullptr), kObserved[bucket]) << sample.exemplar;
    const std::string& le = sample.labels.at("le");
    EXPECT_EQ(le == "+Inf" ? INFINITY : std::strtod(le.c_str(), nullptr),
              bucket < kBounds.size() ? kBounds[bucket] : INFINITY)
        << sample.exemplar << " in " << le;
  }
}

}  // namespace shmetrics::soak

#ifndef SHMETRICS_TESTS_BENCH_WORKLOAD_H_
#define SHMETRICS_TESTS_BENCH_WORKLOAD_H_

// The workload: what is counted, the same for shmetrics and for every peer in C++. The peers in other
// languages build a similar one.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace shmetrics::bench {

/// Ten bounds without a pattern, like those that people write by hand.
inline const std::vector<double> kArbitraryBounds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};
/// buckets::exponential(0.001, 2.5, 10).
std::vector<double> ExponentialBounds();

/// A power of two, and large enough that a processor does not learn the values by heart.
inline constexpr std::size_t kValues = 65'536;
/// Spread over all bounds, evenly on a logarithmic scale, in random order.
const std::vector<double>& RandomValues();

inline constexpr std::uint32_t kLabelSets = 10'000;
using LabelSet = std::array<std::string, 2>;
/// Values of the labels user_id and job.
const std::vector<LabelSet>& LabelSets();
/// kValues random ones of LabelSets(): not in the order of registration, and in no order that repeats soon.
const std::vector<const LabelSet*>& RandomKeys();

/// The label "path" of a scraped series. Its line then has about 75 bytes.
std::string PathOf(std::uint32_t series);
/// The value of the series.
constexpr std::uint64_t ValueOf(std::uint32_t series) { return series * 7919ULL % 10'000'000; }

}  // namespace shmetrics::bench

#endif  // SHMETRICS_TESTS_BENCH_WORKLOAD_H_

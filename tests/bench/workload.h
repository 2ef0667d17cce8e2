#ifndef SHMETRICS_TESTS_BENCH_WORKLOAD_H_
#define SHMETRICS_TESTS_BENCH_WORKLOAD_H_

// Workload: what is counted, the same for shmetrics and for every peer in C++. The peers in other languages make theirs alike.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace shmetrics::bench {

/// Ten bounds that are no powers of anything, such as people write by hand.
inline const std::vector<double> kArbitraryBounds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5};
/// buckets::exponential(0.001, 2.5, 10).
std::vector<double> ExponentialBounds();

/// A power of two; so many that a processor does not learn them by heart.
inline constexpr std::size_t kValues = 65'536;
/// Across all of the bounds, evenly on a logarithmic scale, in random order.
const std::vector<double>& RandomValues();

inline constexpr std::uint32_t kLabelSets = 10'000;
using LabelSet = std::array<std::string, 2>;
/// Of the labels user_id and job.
const std::vector<LabelSet>& LabelSets();
/// kValues of them, drawn at random: neither in the order in which they were registered nor in any that repeats soon.
const std::vector<const LabelSet*>& RandomKeys();

/// The label "path" of a series to scrape; its line then has about 75 bytes.
std::string PathOf(std::uint32_t series);
/// And its value.
constexpr std::uint64_t ValueOf(std::uint32_t series) { return series * 7919ULL % 10'000'000; }

}  // namespace shmetrics::bench

#endif  // SHMETRICS_TESTS_BENCH_WORKLOAD_H_

#include "tests/bench/workload.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>

namespace shmetrics::bench {

std::vector<double> ExponentialBounds() {
  std::vector<double> bounds;
  for (double bound = 0.001; bounds.size() < 10; bound *= 2.5) bounds.push_back(bound);
  return bounds;
}

const std::vector<double>& RandomValues() {
  static const std::vector<double> values = [] {
    std::vector<double> made(kValues);
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> exponent(std::log(0.0005), std::log(8.0));
    std::ranges::generate(made, [&] { return std::exp(exponent(random)); });
    return made;
  }();
  return values;
}

const std::vector<LabelSet>& LabelSets() {
  static const std::vector<LabelSet> sets = [] {
    std::vector<LabelSet> made;
    for (std::uint32_t i = 0; i < kLabelSets; i++) {
      made.push_back({"user-" + std::to_string(1'000 + i / 10), "job-" + std::to_string(i % 10)});
    }
    std::ranges::shuffle(made, std::mt19937(1));
    return made;
  }();
  return sets;
}

const std::vector<const LabelSet*>& RandomKeys() {
  static const std::vector<const LabelSet*> keys = [] {
    std::vector<const LabelSet*> made(kValues);
    std::mt19937 random(2);
    std::uniform_int_distribution<std::size_t> any(0, kLabelSets - 1);
    std::ranges::generate(made, [&] { return &LabelSets()[any(random)]; });
    return made;
  }();
  return keys;
}

std::string PathOf(std::uint32_t series) {
  char path[32];
  std::snprintf(path, sizeof path, "/api/v1/item/%07u", series);
  return path;
}

}  // namespace shmetrics::bench

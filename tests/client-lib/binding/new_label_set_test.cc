// Registering a new label set does no work twice.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

#include "shm/base/crash_point.h"
#include "shm/segment/segment.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/registry_fixture.h"

namespace shmetrics {
namespace {

/// How often label values were hashed and chains were searched. A search of an empty chain or of no new
/// records is none.
struct Work {
  int hashes = 0;
  int searches = 0;
  bool operator==(const Work&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Work& work) {
  return out << work.hashes << " hashes and " << work.searches << " searches";
}

/// The work of `run`.
template <class Run>
Work WorkOf(Run run) {
  static std::atomic<int> hashes;
  static std::atomic<int> searches;
  hashes = searches = 0;
  shm::crash_point_hook = [](const char* name) {
    if (name == std::string_view("values_hashed")) hashes++;
    if (name == std::string_view("chain_searched")) searches++;
  };
  run();
  shm::crash_point_hook = nullptr;
  return {hashes, searches};
}

class NewLabelSetTest : public testing::RegistryFixture {
 protected:
  static constexpr std::uint32_t kLimit = 16;  ///< the lowest that is allowed

  /// A registry in whose segment no chain is empty: those that were lead to the record of another chain.
  Registry& OpenWithFullChains() const {
    RegistryOptions options = Options();
    options.series_limit = options.family_series_limit = kLimit;
    Registry& registry = Registry::open(options);
    registry.counter({.name = "c_total"});
    const auto segment = shm::Segment::Attach(segment_, shm::Segment::Access::kReadWrite).value();
    const std::span heads(
        reinterpret_cast<std::atomic<shm::layout::Ref>*>(segment->base() + segment->header().chains_offset),
        segment->header().chain_count);
    shm::layout::Ref only = 0;
    for (const auto& head : heads) only = std::max(only, head.load());
    for (std::atomic<shm::layout::Ref>& head : heads) head = only;
    return registry;
  }

  template <class Family>
  static void ExpectOneSearchEach(const Family& family) {
    const auto look_up = [&] { family.with({"new"}); };
    EXPECT_EQ(WorkOf(look_up), (Work{1, 1})) << "to register it";
    EXPECT_EQ(WorkOf(look_up), (Work{1, 1})) << "to find it";
    EXPECT_TRUE(family.remove({"new"}));
    EXPECT_EQ(WorkOf(look_up), (Work{1, 1})) << "to show it again";
  }
};

TEST_F(NewLabelSetTest, IsHashedOnceAndSearchedForOnce) {
  Registry& registry = OpenWithFullChains();
  ExpectOneSearchEach(registry.counter({.name = "a_total", .labels = {"a"}}));
  ExpectOneSearchEach(registry.fractional_counter({.name = "f_total", .labels = {"a"}}));
  ExpectOneSearchEach(registry.histogram({.name = "h", .labels = {"a"}}, {1, 2}));
  ExpectOneSearchEach(registry.gauge({.name = "g", .labels = {"a"}}, GaugeMode::sum));
}

TEST_F(NewLabelSetTest, BeyondTheLimitIsHashedOnceAndSearchedForOnce) {
  const auto family = OpenWithFullChains().counter({.name = "a_total", .labels = {"a"}});
  for (std::uint32_t i = 0; i < kLimit; i++) family.with({std::to_string(i)});
  EXPECT_EQ(WorkOf([&] { family.with({"new"}); }), (Work{1, 1}));
}

}  // namespace
}  // namespace shmetrics

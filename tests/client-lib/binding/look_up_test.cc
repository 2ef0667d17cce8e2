// Look-ups of registered label sets: their cost, and that the remembered series are never wrong.

#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "shmetrics/shmetrics.h"
#include "tests/client-lib/c/c_fixture.h"
#include "tests/support/segment_reading.h"

namespace {
std::atomic<std::uint64_t> allocations{0};
}  // namespace

// Counts the allocations of this program, by operator new or otherwise. A sanitizer has its own allocator.
// NOLINTBEGIN: names of glibc and of the sanitizer
extern "C" {
#if defined(__SANITIZE_ADDRESS__)
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void*, std::size_t),
                                              void (*on_free)(const volatile void*));
#elif !defined(__SANITIZE_THREAD__)
void* __libc_malloc(std::size_t bytes);
void* __libc_calloc(std::size_t count, std::size_t bytes);
void* __libc_realloc(void* memory, std::size_t bytes);
[[gnu::visibility("default")]] void* malloc(std::size_t bytes) {
  allocations++;
  return __libc_malloc(bytes);
}
[[gnu::visibility("default")]] void* calloc(std::size_t count, std::size_t bytes) {
  allocations++;
  return __libc_calloc(count, bytes);
}
[[gnu::visibility("default")]] void* realloc(void* memory, std::size_t bytes) {
  allocations++;
  return __libc_realloc(memory, bytes);
}
#endif
}
// NOLINTEND

namespace shmetrics {
namespace {

std::uint64_t Allocations() {
#ifdef __SANITIZE_ADDRESS__
  [[maybe_unused]] static const int installed = __sanitizer_install_malloc_and_free_hooks(
      [](const volatile void*, std::size_t) { allocations++; }, [](const volatile void*) {});
#endif
  return allocations;
}

class LookUpTest : public testing::CFixture {
 protected:
  static std::string NameOf(std::size_t family) { return "c" + std::to_string(family) + "_total"; }

  /// Enough look-ups for the series to be remembered.
  static constexpr std::uint64_t kAgainAndAgain = 4;
  static void CountAgainAndAgain(const shmetrics::CounterFamily& family,
                                 std::initializer_list<std::string_view> values, std::uint64_t n) {
    for (std::uint64_t i = 0; i < kAgainAndAgain; i++) family.with(values).inc(n);
  }

  /// The number of allocations while look_up(values) runs for each of a thousand texts, long ones too.
  template <class LookUp>
  static std::uint64_t AllocationsIn(LookUp look_up) {
    const std::vector<std::string> texts = {"a", "GET", "user", "user-1234", std::string(200, 'x'), "\"\\\n"};
    for (const std::string& text : texts) look_up(text);  // registers them
    const std::uint64_t before = Allocations();
    for (int i = 0; i < 1'000; i++) look_up(texts[static_cast<std::size_t>(i) % texts.size()]);
    return Allocations() - before;
  }
};

TEST_F(LookUpTest, AllocationsAreNoticed) {
  EXPECT_GE(AllocationsIn([](const std::string& text) { delete new std::string(text); }), 1'000U);
}

TEST_F(LookUpTest, KnownLabelSetsAreFoundWithoutAnAllocation) {
  Registry& registry = Open();
  const auto counter = registry.counter({.name = "c_total", .labels = {"a", "b"}});
  const auto fractional = registry.fractional_counter({.name = "f_total", .labels = {"a", "b"}});
  const auto histogram = registry.histogram({.name = "h", .labels = {"a", "b"}}, {1, 2});
  const auto gauge = registry.gauge({.name = "g", .labels = {"a", "b"}}, GaugeMode::sum);
  EXPECT_EQ(AllocationsIn([&](std::string_view text) { counter.with({text, "b"}).inc(); }), 0U);
  EXPECT_EQ(AllocationsIn([&](std::string_view text) { fractional.with({text, "b"}).inc(0.5); }), 0U);
  EXPECT_EQ(AllocationsIn([&](std::string_view text) { histogram.with({text, "b"}).observe(1.5); }), 0U);
  EXPECT_EQ(AllocationsIn([&](std::string_view text) { gauge.with({text, "b"}).set(1); }), 0U);
}

TEST_F(LookUpTest, KnownLabelSetsAreFoundWithoutAnAllocationFromC) {
  shmetrics_family* family = HistogramFamily(OpenFromC());
  EXPECT_EQ(AllocationsIn([&](const std::string& text) {
              const char* value = text.c_str();
              shmetrics_histogram* histogram = nullptr;
              ASSERT_EQ(shmetrics_histogram_with(family, &value, 1, &histogram), SHMETRICS_OK);
              ASSERT_EQ(shmetrics_histogram_observe(histogram, 1.5), SHMETRICS_OK);
            }),
            0U);
}

// Families of two segments have the same places in both, and the same label sets. There are more of them than
// places that remember series.
TEST_F(LookUpTest, EqualLabelSetsOfOtherFamiliesAndSegmentsAreToldApart) {
  constexpr std::size_t kFamilies = 9;
  RegistryOptions others = Options();
  others.segment = folder_ + "/other.v1";
  std::vector<shmetrics::CounterFamily> families;
  for (Registry* registry : {&Open(), &Registry::open(others)}) {
    for (std::size_t i = 0; i < kFamilies; i++)
      families.push_back(registry->counter({.name = NameOf(i), .labels = {"x", "y"}}));
  }
  for (int round = 0; round < 20; round++) {
    for (std::size_t i = 0; i < families.size(); i++) CountAgainAndAgain(families[i], {"1", "2"}, i + 1);
    for (std::size_t i = 0; i < families.size(); i++) {
      CountAgainAndAgain(families[i], {"1", "2"}, i + 1);
      CountAgainAndAgain(families[i], {"12", ""}, i + 1);
    }
  }
  const testing::SegmentReading readings[] = {Read(), testing::Read(others.segment)};
  for (std::size_t i = 0; i < families.size(); i++) {
    const testing::SegmentReading& reading = readings[i / kFamilies];
    const std::string name = NameOf(i % kFamilies);
    EXPECT_EQ(reading.Counter(name + R"({x="1",y="2"})"), 40 * kAgainAndAgain * (i + 1)) << i;
    EXPECT_EQ(reading.Counter(name + R"({x="12",y=""})"), 20 * kAgainAndAgain * (i + 1)) << i;
  }
}

TEST_F(LookUpTest, ALabelSetThatWasJustLookedUpAndRemovedIsShownAgain) {
  const auto family = Open().counter({.name = "c_total", .labels = {"a"}});
  CountAgainAndAgain(family, {"x"}, 1);
  EXPECT_TRUE(family.remove({"x"}));
  EXPECT_FALSE(family.remove({"x"})) << "a look-up by remove() must not show it";
  family.with({"x"}).inc();
  EXPECT_TRUE(family.remove({"x"})) << "it was shown again";
}

// A label value typed by a stranger must not count for another label set.
TEST_F(LookUpTest, ValuesThatBorrowTheQuotesOfTheLabelSetThatWasJustLookedUpAreToldApart) {
  const auto family = Open().counter({.name = "c_total", .labels = {"user", "type"}});
  for (int round = 0; round < 2; round++) {
    CountAgainAndAgain(family, {"me", "listening"}, 1);
    CountAgainAndAgain(family, {R"(me",type=)", "ng"}, 10);
    CountAgainAndAgain(family, {"me", "listening"}, 1);
    CountAgainAndAgain(family, {R"(me",type=)", "g"}, 100);
    CountAgainAndAgain(family, {"me", "listening"}, 1);
    CountAgainAndAgain(family, {R"(me",type="listening)", ""}, 1'000);
  }
  const testing::SegmentReading reading = Read();
  EXPECT_EQ(reading.Counter(R"(c_total{user="me",type="listening"})"), 6 * kAgainAndAgain);
  EXPECT_EQ(reading.Counter(R"(c_total{user="me\",type=",type="ng"})"), 20 * kAgainAndAgain);
  EXPECT_EQ(reading.Counter(R"(c_total{user="me\",type=",type="g"})"), 200 * kAgainAndAgain);
  EXPECT_EQ(reading.Counter(R"(c_total{user="me\",type=\"listening",type=""})"), 2'000 * kAgainAndAgain);
}

TEST_F(LookUpTest, ThreadsThatLookUpDifferentSeriesCountInTheirOwn) {
  const auto family = Open().counter({.name = "c_total", .labels = {"a"}});
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; thread++) {
    threads.emplace_back([=] {
      const std::string mine = std::to_string(thread);
      for (int i = 0; i < 2'000; i++) {
        CountAgainAndAgain(family, {mine}, 1);
        CountAgainAndAgain(family, {"all"}, 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const testing::SegmentReading reading = Read();
  for (const char* mine : {"0", "1", "2", "3"})
    EXPECT_EQ(reading.Counter(std::string(R"(c_total{a=")") + mine + "\"}"), 2'000 * kAgainAndAgain);
  EXPECT_EQ(reading.Counter(R"(c_total{a="all"})"), 8'000 * kAgainAndAgain);
}

}  // namespace
}  // namespace shmetrics

// The C interface: a C program that uses all of it, and checks that are easier in C++.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <shmetrics/c.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "shm/snapshot/snapshot.h"
#include "tests/client-lib/c/c_fixture.h"
#include "tests/support/child.h"
#include "tests/support/program.h"

namespace shmetrics {
namespace {

using testing::Ended;
using ::testing::IsSubsetOf;
using testing::RunProgram;

std::string Contents(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.is_open()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string> Matches(const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at) found.insert((*at)[1]);
  return found;
}

/// All functions that the headers declare.
std::set<std::string> Declared() {
  const std::string headers = std::string(SHMETRICS_SOURCE_DIR) + "/client-lib/include/shmetrics/";
  const std::string text = Contents(headers + "c.h") + Contents(headers + "c_audio.h");
  return Matches(text, "SHMETRICS_EXPORT [^;]*?\\b(shmetrics_[a-z_]+)\\(");
}

using CInterfaceTest = testing::CFixture;

TEST_F(CInterfaceTest, AProgramInCUsesEveryFunction) {
  const std::string config = folder_ + "/audio.ini";
  std::ofstream(config) << "[Audio-Quota]\nno_such_key = 1\n";  // causes a warning
  const Ended program = RunProgram({C_PROGRAM, segment_, config});
  EXPECT_EQ(program.code, 0) << program.errors;
  EXPECT_EQ(program.output, "attached to " + segment_ + "\n");
  const testing::SegmentReading reading = Read();
  EXPECT_EQ(reading.Counter(R"(c_requests_total{method="GET",code="200"})"), 8U);
  EXPECT_EQ(reading.FractionalCounter("c_minutes_total"), 0.75);
  EXPECT_EQ(reading.Gauge("c_load"), 3.0);
  EXPECT_EQ(reading.Histogram(R"(c_latency_seconds{method="GET"})").buckets,
            (std::vector<std::uint64_t>{0, 2, 0}));
  for (const char* series : {R"(c_requests_total{method="GET",code="200"})", "c_minutes_total",
                             R"(c_latency_seconds{method="GET"})"}) {
    ASSERT_EQ(reading.Exemplars(series).size(), 1U) << series;
    EXPECT_EQ(reading.Exemplars(series)[0].labels, R"(trace_id="4bf9",span_id="2")");
  }
  EXPECT_EQ(reading.Exemplars("c_minutes_total")[0].value, 0.5);
  EXPECT_NE(reading.Family("c_build_info"), nullptr) << "an info stays when the worker that set it is dead";
  EXPECT_FALSE(reading.Shows(R"(c_latency_seconds{method="200"})")) << "it was removed";
  EXPECT_EQ(reading.Counter(R"(audio_quota_violations_total{type="concurrent_streams"})"), 1U);
  EXPECT_EQ(reading.Counter(R"(audio_quota_violations_total{type="daily_minutes"})"), 2U);

  const std::string source = Contents(std::string(SHMETRICS_SOURCE_DIR) + "/tests/client-lib/c/program.c");
  EXPECT_THAT(Declared(), IsSubsetOf(Matches(source, "(shmetrics_[a-z_]+)\\(")));
}

TEST_F(CInterfaceTest, TheSharedLibraryExportsWhatTheHeadersDeclareAndNothingElse) {
  const Ended symbols = RunProgram({"nm", "--dynamic", "--defined-only", SHMETRICS_SHARED_LIBRARY});
  ASSERT_EQ(symbols.code, 0) << symbols.errors;
  EXPECT_EQ(Matches(symbols.output, " T (shmetrics_\\w+)"), Declared());
  EXPECT_GE(Declared().size(), 40U) << "too few: the headers were not understood";
}

// Today's programs must understand the codes of tomorrow's library, so no code may change its number.
TEST_F(CInterfaceTest, TheNumbersAreThoseOfTheFirstVersion) {
  const std::vector<std::pair<shmetrics_code, std::string>> codes = {
      {SHMETRICS_OK, "0"},
      {SHMETRICS_BAD_ARGUMENT, "1"},
      {SHMETRICS_ENDED, "2"},
      {SHMETRICS_NOT_FOUND, "3"},
      {SHMETRICS_ALREADY_IN_USE, "4"},
      {SHMETRICS_OTHER, "5"},
      {SHMETRICS_ABSENT, "10"},
      {SHMETRICS_CORRUPT, "21"},
      {SHMETRICS_NOT_CREATABLE, "30"},
      {SHMETRICS_BAD_OPTION, "33"},
      {SHMETRICS_INVALID_NAME, "40"},
      {SHMETRICS_SERIES_LIMIT, "45"},
      {SHMETRICS_NO_FREE_SLOT, "50"},
      {SHMETRICS_LIMIT_REACHED, "60"},
      {SHMETRICS_FOREIGN_NAMESPACE, "64"},
      {SHMETRICS_CONCURRENT_STREAMS, "70"},
      {SHMETRICS_LEDGER_FULL, "73"},
      {SHMETRICS_NOT_USED, "74"},
      {SHMETRICS_UNKNOWN, "80"},
  };
  for (const auto& [code, number] : codes) {
    EXPECT_EQ(std::to_string(code), number) << shmetrics_code_name(code);
  }
  EXPECT_STREQ(shmetrics_code_name(-1), "SHMETRICS_OTHER");
  EXPECT_EQ(sizeof(shmetrics_error), 260U);
  EXPECT_EQ(sizeof(shmetrics_registry_options), 72U);
  EXPECT_EQ(sizeof(shmetrics_family_options), 48U);
  EXPECT_EQ(sizeof(shmetrics_labels), 32U);
  EXPECT_EQ(sizeof(shmetrics_status), 280U);
  EXPECT_EQ(sizeof(shmetrics_start_options), 24U);
  EXPECT_EQ(sizeof(shmetrics_daily_minutes), 24U);
  EXPECT_EQ(sizeof(shmetrics_minutes), 32U);
  EXPECT_EQ(sizeof(shmetrics_limits), 24U);
}

TEST_F(CInterfaceTest, AskingForAHistogramAgainGivesTheSameHandleInAllThreads) {
  shmetrics_family* family = HistogramFamily(OpenFromC());
  constexpr int kThreads = 4;
  constexpr int kSeries = 50;
  std::vector<std::vector<shmetrics_histogram*>> seen(kThreads);
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; thread++) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kSeries; i++) {
        const std::string value = std::to_string(i);
        const char* const values[] = {value.c_str()};
        shmetrics_histogram* histogram = nullptr;
        EXPECT_EQ(shmetrics_histogram_with(family, values, 1, &histogram), SHMETRICS_OK);
        shmetrics_histogram_observe(histogram, 2);
        seen[thread].push_back(histogram);
      }
    });
  }
  threads.clear();
  for (const auto& handles : seen) EXPECT_EQ(handles, seen[0]);
  EXPECT_EQ(std::set(seen[0].begin(), seen[0].end()).size(), static_cast<std::size_t>(kSeries));
  EXPECT_EQ(Read().Histogram("latency{a=\"7\"}").buckets, (std::vector<std::uint64_t>{0, kThreads, 0}));
}

TEST_F(CInterfaceTest, AChildsCopyOfALeaseHasEndedAndFreeingItLeavesTheParents) {
  shmetrics_family* family = nullptr;
  const shmetrics_family_options options = Named("uploads_active");
  ASSERT_EQ(shmetrics_lease_family(OpenFromC(), &options, &family, &error_), SHMETRICS_OK);
  shmetrics_lease* lease = nullptr;
  ASSERT_EQ(shmetrics_lease_try_acquire(family, nullptr, 0, 1, 0, &lease, &error_), SHMETRICS_OK);
  EXPECT_EQ(testing::RunInChild([&] {
              EXPECT_EQ(shmetrics_lease_check(lease), SHMETRICS_ENDED);
              EXPECT_EQ(shmetrics_lease_release(lease), SHMETRICS_ENDED);
              shmetrics_lease_free(lease);
            }),
            0);
  EXPECT_EQ(shmetrics_lease_check(lease), SHMETRICS_OK);
  EXPECT_EQ(Read().Gauge("uploads_active"), 1.0);
  shmetrics_lease_free(lease);
  EXPECT_EQ(Read().Gauge("uploads_active"), std::nullopt);
}

TEST_F(CInterfaceTest, AStructOfALaterVersionIsTakenIfItAsksForNothingUnknown) {
  struct Later {
    shmetrics_registry_options known;
    std::uint64_t unknown;
  } later{CopyOfOptions(), 0};
  later.known.size = sizeof(later);
  shmetrics_registry* registry = nullptr;
  EXPECT_EQ(shmetrics_registry_open(&later.known, &registry, &error_), SHMETRICS_OK) << error_.message;
  later.unknown = 1;
  EXPECT_EQ(shmetrics_registry_open(&later.known, &registry, &error_), SHMETRICS_BAD_OPTION);
  EXPECT_EQ(registry, nullptr);
  later.known.size = 0;
  EXPECT_EQ(shmetrics_registry_open(&later.known, &registry, &error_), SHMETRICS_BAD_ARGUMENT);
  later.known.size = SIZE_MAX;
  EXPECT_EQ(shmetrics_registry_open(&later.known, &registry, &error_), SHMETRICS_BAD_ARGUMENT);
}

}  // namespace
}  // namespace shmetrics

// The C interface from Python: prefork servers that initialise first and then fork. Faults 6 and 15, for a
// language that does not know C++.

#include <gtest/gtest.h>

#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shm/snapshot/snapshot.h"
#include "tests/support/child.h"
#include "tests/support/program.h"
#include "tests/support/registry_fixture.h"

namespace shmetrics {
namespace {

using testing::Program;
using testing::SegmentReading;
using testing::WaitUntil;

constexpr int kWorkers = 4;
constexpr int kSharedLimit = 10;   ///< streams of one premium user
constexpr int kMinutesLimit = 30;  ///< minutes of a free user

class CtypesTest : public testing::RegistryFixture {
 protected:
  std::unique_ptr<Program> StartServer(int tries, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"python3",
                                          std::string(SHMETRICS_SOURCE_DIR) + "/tests/e2e/prefork_server.py",
                                          SHMETRICS_SHARED_LIBRARY,
                                          segment_,
                                          std::to_string(kWorkers),
                                          std::to_string(tries)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return std::make_unique<Program>(arguments);
  }
  static void Await(Program& server, const std::string& words) {
    ASSERT_TRUE(server.WaitForText(words).has_value()) << server.errors();
  }
  /// Ends all `living` workers of the server, but not the server.
  static void EndWorkers(Program& server, int living) {
    server.Signal(SIGTERM);
    std::string all_well;
    for (int i = 0; i < living; i++) all_well += i == 0 ? "0" : ", 0";
    EXPECT_EQ(server.WaitForText("ended "), "[" + all_well + "]") << server.errors();
  }

  /// The streams of all users whose name begins with `users`.
  static double StreamsOf(const SegmentReading& reading, const std::string& users) {
    const shm::FamilySnapshot* family = reading.Family("audio_streaming_active");
    double sum = 0;
    for (const shm::SeriesSnapshot& series :
         family == nullptr ? std::vector<shm::SeriesSnapshot>{} : family->series) {
      if (series.labels().starts_with("user_id=\"" + users)) sum += series.number;
    }
    return sum;
  }
  static std::uint64_t Violations(const SegmentReading& reading, const std::string& type) {
    return reading.Counter("audio_quota_violations_total{type=\"" + type + "\"}");
  }
  /// Checks the totals, which a killed or ended worker must not change.
  static void ExpectTotals(const SegmentReading& reading, std::uint64_t masters, std::uint64_t groups) {
    EXPECT_EQ(reading.Counter(R"(py_requests_total{server="prefork"})"),
              masters + groups * (4 * 1000 + 0 + 1 + 2 + 3));
    EXPECT_EQ(reading.FractionalCounter("py_seconds_total"), 100.0 * static_cast<double>(groups));
    EXPECT_EQ(reading.Histogram("py_latency").buckets, (std::vector<std::uint64_t>{0, 400 * groups, 0}));
    EXPECT_EQ(reading.Histogram("py_latency").sum, 200.0 * static_cast<double>(groups));
    EXPECT_EQ(reading.Counter("py_minutes_taken_total"), kMinutesLimit);
    EXPECT_EQ(Violations(reading, "daily_minutes"), groups * kWorkers * 10 - kMinutesLimit);
  }
};

constexpr const char* kUploads = R"(py_uploads_active{user_id="all"})";
constexpr const char* kMasterInfo = R"(py_build_info{role="master"})";
constexpr const char* kWorkerInfo = R"(py_build_info{role="worker"})";

// Faults 6 and 15.
TEST_F(CtypesTest, WorkersOfAPreforkServerCountTogetherAndHoldWhatIsTheirOwn) {
  const auto server = StartServer(4);
  Await(*server, "master ready");
  SegmentReading reading = Read();
  ExpectTotals(reading, 1, 1);
  EXPECT_EQ(reading.Gauge("py_depth"), 100.0 + 1 + 2 + 3 + 4);
  EXPECT_EQ(reading.Gauge(kUploads), 1.0 + kWorkers)
      << "the master's lease is there once, though all free it";
  EXPECT_EQ(StreamsOf(reading, "user-"), kWorkers);
  EXPECT_EQ(StreamsOf(reading, "master-"), 1.0);
  EXPECT_EQ(StreamsOf(reading, "shared"), kSharedLimit);
  EXPECT_EQ(reading.Gauge("py_shared_held"), kSharedLimit);
  EXPECT_EQ(Violations(reading, "concurrent_streams"), kWorkers * 4 - kSharedLimit);
  EXPECT_EQ(reading.AliveWorkers(), 1U + kWorkers);

  const std::vector<shm::ExemplarSnapshot> exemplars = reading.Exemplars("py_latency");
  ASSERT_EQ(exemplars.size(), 1U);
  EXPECT_TRUE(exemplars[0].labels.starts_with("trace_id=\"t")) << exemplars[0].labels;
  EXPECT_EQ(exemplars[0].value, 0.5);
  EXPECT_EQ(reading.Gauge(kMasterInfo), 1.0);
  EXPECT_EQ(reading.Gauge(kWorkerInfo), 1.0);
  EXPECT_FALSE(reading.Shows(R"(py_build_info{role="loading"})")) << "it says something else now";

  server->Signal(SIGUSR1);
  Await(*server, "killed");
  reading = Read();
  ExpectTotals(reading, 1, 1);
  EXPECT_EQ(reading.Gauge("py_depth"), 100.0 + 2 + 3 + 4);
  EXPECT_EQ(reading.Gauge(kUploads), 1.0 + kWorkers - 1);
  EXPECT_EQ(StreamsOf(reading, "user-"), kWorkers - 1);
  EXPECT_EQ(StreamsOf(reading, "shared"), kSharedLimit) << "the master has taken the places of the dead";
  EXPECT_EQ(reading.Gauge("py_shared_held"), kSharedLimit);

  EndWorkers(*server, kWorkers - 1);
  reading = Read();
  ExpectTotals(reading, 1, 1);
  EXPECT_EQ(reading.Gauge("py_depth"), 100.0);
  EXPECT_EQ(reading.Gauge(kUploads), 1.0) << "the master's, which no child's end releases";
  EXPECT_EQ(reading.Gauge(kMasterInfo), 1.0);
  EXPECT_EQ(reading.Gauge(kWorkerInfo), std::nullopt) << "no worker is left that says so";
  EXPECT_EQ(StreamsOf(reading, "user-"), 0.0);
  EXPECT_EQ(StreamsOf(reading, "master-"), 1.0);
  EXPECT_GE(StreamsOf(reading, "shared"), 1.0) << "the dead worker had one at least";
  EXPECT_EQ(StreamsOf(reading, "shared"), reading.Gauge("py_shared_held"));

  server->Kill();
  reading = Read();
  ExpectTotals(reading, 1, 1);
  EXPECT_EQ(reading.Gauge("py_depth"), std::nullopt);
  EXPECT_EQ(reading.Gauge(kUploads), std::nullopt);
  EXPECT_EQ(StreamsOf(reading, ""), 0.0);
}

TEST_F(CtypesTest, TwoServersOfOneHostShareOneLimit) {
  const auto first = StartServer(3);
  const auto second = StartServer(3);
  Await(*first, "master ready");
  Await(*second, "master ready");
  SegmentReading reading = Read();
  ExpectTotals(reading, 2, 2);
  EXPECT_EQ(reading.Gauge("py_depth"), 2 * (100.0 + 1 + 2 + 3 + 4));
  EXPECT_EQ(reading.Gauge(kUploads), 2 * (1.0 + kWorkers));
  EXPECT_EQ(StreamsOf(reading, "master-"), 2.0);
  EXPECT_EQ(StreamsOf(reading, "shared"), kSharedLimit);
  EXPECT_EQ(reading.Gauge("py_shared_held"), kSharedLimit);
  EXPECT_EQ(Violations(reading, "concurrent_streams"), 2 * kWorkers * 3 - kSharedLimit);

  first->Kill();  // and its workers with it
  WaitUntil([&] { return Read().AliveWorkers() == 1U + kWorkers; });
  second->Signal(SIGUSR1);
  Await(*second, "killed");
  reading = Read();
  ExpectTotals(reading, 2, 2);
  EXPECT_EQ(reading.Gauge("py_depth"), 100.0 + 2 + 3 + 4);
  EXPECT_EQ(reading.Gauge(kUploads), 1.0 + kWorkers - 1);
  EXPECT_EQ(StreamsOf(reading, "shared"), kSharedLimit);
  EXPECT_EQ(reading.Gauge("py_shared_held"), kSharedLimit);
}

// A supervisor loads the application and forks servers, which fork their workers.
TEST_F(CtypesTest, TwoMastersForkedAfterTheQuotaWasMadeShareOneLimit) {
  const auto server = StartServer(3, {"--two-masters"});
  Await(*server, "master ready");
  Await(*server, "twin ready");
  SegmentReading reading = Read();
  ExpectTotals(reading, 1, 2);
  EXPECT_EQ(reading.Gauge("py_depth"), 100.0 + 2 * (1 + 2 + 3 + 4)) << "the twin has set nothing";
  EXPECT_EQ(reading.Gauge(kUploads), 1.0 + 2 * kWorkers) << "the twin has no lease";
  EXPECT_EQ(StreamsOf(reading, "master-"), 1.0);
  EXPECT_EQ(StreamsOf(reading, "shared"), kSharedLimit);
  EXPECT_EQ(reading.Gauge("py_shared_held"), kSharedLimit);
  EXPECT_EQ(Violations(reading, "concurrent_streams"), 2 * kWorkers * 3 - kSharedLimit);

  EndWorkers(*server, kWorkers);
  reading = Read();
  EXPECT_EQ(reading.Gauge("py_depth"), 100.0 + 1 + 2 + 3 + 4);
  EXPECT_EQ(reading.Gauge(kUploads), 1.0 + kWorkers);
  EXPECT_EQ(StreamsOf(reading, "user-"), kWorkers);
  EXPECT_EQ(StreamsOf(reading, "shared"), reading.Gauge("py_shared_held").value_or(0));
}

}  // namespace
}  // namespace shmetrics

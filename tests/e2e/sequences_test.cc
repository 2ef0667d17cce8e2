// Workers that add by restartable sequences, beside workers that may not or cannot. Each is a real program
// that reports, outside the segment, what it is about to do and what it has done.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/rseq.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "client-lib/examples/work_report.h"
#include "tests/support/bare_worker.h"
#include "tests/support/nightly.h"
#include "tests/support/private_folder.h"
#include "tests/support/program.h"
#include "tests/support/segment_reading.h"
#include "tests/support/stripe_sums.h"

namespace shmetrics::testing {
namespace {

using std::chrono::steady_clock;

constexpr const char* kLatency = "audio_chunk_latency_seconds";
constexpr const char* kMinutes = "audio_minutes_total{user_id=\"1\"}";
constexpr const char* kStreams = "audio_streams_started_total";

struct Work {
  double intended = 0;
  double confirmed = 0;
};

class SequencesTest : public ::testing::Test {
 protected:
  /// `before` is what env understands before the program's name.
  Program Start(const std::vector<std::string>& before) {
    reports_.push_back(folder_ / "report" + std::to_string(reports_.size()));
    std::vector<std::string> arguments = {"env", "--unset=SHMETRICS_RSEQ", "SHMETRICS_SEGMENT=" + path_};
    arguments.insert(arguments.end(), before.begin(), before.end());
    for (const std::string& argument :
         {std::string(SHMETRICS_AUDIO_WORKER), std::string("--rate=100000"), "--report=" + reports_.back()})
      arguments.push_back(argument);
    return Program(arguments);
  }

  /// The work of all workers, by sample.
  std::map<std::string, Work> Reported() const {
    std::map<std::string, Work> work;
    for (const std::string& report : reports_) {
      std::ifstream file(report, std::ios::binary);
      ReportHeader header{};
      file.read(reinterpret_cast<char*>(&header), sizeof header);
      for (ReportRow row; header.rows > 0 && file.read(reinterpret_cast<char*>(&row), sizeof row);
           header.rows--) {
        work[row.sample].intended += row.intended;
        work[row.sample].confirmed += row.confirmed;
      }
    }
    return work;
  }

  /// Call it when all workers are gone.
  void ExpectWhatWasReported() const {
    const SegmentReading reading = Read(path_);
    const HistogramReading latency = reading.Histogram(kLatency);
    const std::map<std::string, Work> reported = Reported();
    ExpectBetween(static_cast<double>(reading.Counter(kStreams)), reported.at(kStreams));
    ExpectBetween(reading.FractionalCounter(kMinutes), reported.at(kMinutes));
    ExpectBetween(static_cast<double>(latency.count), reported.at(std::string(kLatency) + "_count"));
    ExpectBetween(latency.sum, reported.at(std::string(kLatency) + "_sum"));
    EXPECT_GT(latency.count, 0U);
  }
  static void ExpectBetween(double value, const Work& work) {
    EXPECT_GE(value, work.confirmed);
    EXPECT_LE(value, work.intended);
  }

  StripeSums StreamsByStripe() const {
    BareWorker witness(path_);
    return SumStripes(witness.segment(),
                      witness.CellOf<std::uint64_t>(*witness.Register(CounterNamed(kStreams), {}).value()));
  }

 private:
  PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
  std::vector<std::string> reports_;
};

// Faults 1 and 5.
TEST_F(SequencesTest, WorkersWithAndWithoutThemLoseNothingWhileTheyAreKilled) {
  constexpr std::size_t kWorkers = 6;
  // The last one behaves as with a C library older than 2.35.
  const std::vector<std::vector<std::string>> kinds = {
      {}, {"SHMETRICS_RSEQ=off"}, {"GLIBC_TUNABLES=glibc.pthread.rseq=0"}};
  const auto start = [&](std::size_t worker) { return Start(kinds[worker % kinds.size()]); };
  std::mt19937 random(4);
  std::vector<Program> workers;
  for (std::size_t i = 0; i < kWorkers; i++) workers.push_back(start(i));
  const auto end = steady_clock::now() + std::chrono::milliseconds(IsNightly() ? 60'000 : 1'500);
  // Goes on until each kind of worker has got far enough, however slow the machine is.
  const bool has_sequences = __rseq_size > 0 && __builtin_cpu_supports("avx") != 0;
  const auto has_seen_enough = [&] {
    if (Reported()[std::string(kLatency) + "_count"].confirmed == 0) return false;
    const StripeSums streams = StreamsByStripe();
    return streams.by_locked_instruction > 0 && (streams.by_sequence > 0 || !has_sequences);
  };
  while (steady_clock::now() < end || !has_seen_enough()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 50));
    const std::size_t killed = random() % kWorkers;
    workers[killed].Kill();
    workers[killed] = start(killed);
  }
  for (const Program& worker : workers) worker.Signal(SIGTERM);
  for (Program& worker : workers) worker.Wait();
  ExpectWhatWasReported();
}

TEST_F(SequencesTest, AWorkerUnderValgrindHasNoneAndLosesNothing) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "valgrind runs nothing that AddressSanitizer watches";
#endif
  Program worker = Start({"valgrind", "--quiet", "--tool=none"});
  WaitUntil([this] { return Reported()[std::string(kLatency) + "_count"].confirmed > 1'000; });
  worker.Signal(SIGTERM);
  EXPECT_EQ(worker.Wait(), 0) << worker.errors();
  const Work streams = Reported()[kStreams];
  EXPECT_EQ(streams.confirmed, streams.intended);
  ExpectWhatWasReported();
  const StripeSums by_stripe = StreamsByStripe();
  EXPECT_EQ(static_cast<double>(by_stripe.by_locked_instruction), streams.confirmed);
  EXPECT_EQ(by_stripe.by_sequence, 0U);
}

}  // namespace
}  // namespace shmetrics::testing

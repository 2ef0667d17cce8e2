// A process that may write to the segment writes anywhere in it without pause, while others read. It prints a
// seed; with that in SHMETRICS_SEED it writes the same again.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "shm/segment/segment.h"
#include "shm/snapshot/snapshot_reader.h"
#include "tests/corrupt/damaged_segment.h"
#include "tests/corrupt/segment_image.h"
#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/exposition_parser.h"
#include "tests/support/http_client.h"
#include "tests/support/nightly.h"

namespace shmetrics::testing {
namespace {

using std::chrono::steady_clock;

class MaliciousWriterTest : public ::testing::Test {
 protected:
  MaliciousWriterTest() {
    const char* given = std::getenv("SHMETRICS_SEED");
    seed_ = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
    RecordProperty("seed", std::to_string(seed_));
    std::printf("SHMETRICS_SEED=%llu\n", static_cast<unsigned long long>(seed_));
  }

  /// Damages more and more, then restores the original and begins again, so that readers get far before they
  /// fail.
  Child StartWriter() {
    return Child([this] {
      std::mt19937_64 random(seed_);
      for (std::uint64_t i = 1;; i++) {
        Mutate(image_, std::ref(random));
        if (random() % 64 == 0) image_.Restore();
      }
    });
  }
  bool IsTimeLeft() const { return steady_clock::now() < end_ && !HasFailure(); }

  DamagedSegment damaged_;
  const SegmentImage image_{damaged_};
  std::uint64_t seed_;
  const steady_clock::time_point end_ =
      steady_clock::now() +
      (IsNightly() ? std::chrono::milliseconds(180'000) : std::chrono::milliseconds(1'000));
};

// Fault 25.
TEST_F(MaliciousWriterTest, ASnapshotIsSaneWhateverIsWrittenWhileItIsRead) {
  const Child writer = StartWriter();
  shm::Snapshot snapshot;
  std::uint64_t reads = 0;
  std::uint64_t stumbled = 0;
  const auto has_hit_enough = [&] { return stumbled > reads / 100; };
  while (IsTimeLeft() || (!has_hit_enough() && !HasFailure())) {  // the writer may be slow to start
    // One reader that remembers more with each read, and one that knows nothing.
    shm::SnapshotReader reader(damaged_.AttachReader());
    for (int again = 0; again < 20; again++) {
      reader.Read(&snapshot);
      ExpectSane(snapshot);
      reads++;
      stumbled += SkippedOf(snapshot) > 0 ? 1 : 0;
    }
    ExpectSaneLedger(reader);
  }
  RecordProperty("reads", std::to_string(reads));
}

// Fault 25: memory that is committed at one look is not at the next, while the same record is read.
TEST_F(MaliciousWriterTest, MemoryThatComesAndGoesIsLookedForOnce) {
  const Child writer([this] {
    const std::uint64_t committed = damaged_.mutable_header().committed_front;
    for (;;) {
      damaged_.mutable_header().committed_front = 0;
      damaged_.mutable_header().committed_front = committed;
    }
  });
  shm::Snapshot snapshot;
  while (IsTimeLeft()) {
    shm::SnapshotReader reader(damaged_.AttachReader());
    reader.Read(&snapshot);
    ExpectSane(snapshot);
    for (int again = 0; again < 100; again++) ExpectSaneLedger(reader);
  }
}

// Faults 24 and 25.
TEST_F(MaliciousWriterTest, TheAgentAnswersWhateverIsWrittenAndAllItSaysParses) {
  constexpr std::size_t kMostBytes = 16U << 20U;  // a few times the segment
  const Child writer = StartWriter();
  Agent agent(SHMETRICS_AGENT, damaged_.path);
  while (IsTimeLeft()) {
    for (const char* accept : {"text/plain;version=0.0.4", "application/openmetrics-text;version=1.0.0"}) {
      const HttpAnswer answer =
          GetWith(agent.port(), "/metrics", std::string("Host: localhost\r\nAccept: ") + accept + "\r\n");
      ASSERT_EQ(answer.status, 200) << answer.body << agent.process().errors();
      EXPECT_LE(answer.body.size(), kMostBytes);
      const ParsedExposition parsed = ParseExposition(answer.body);
      EXPECT_TRUE(parsed.complaints.empty()) << parsed.complaints.front();
    }
    for (const char* path : {"/api/v1/metrics/json", "/api/v1/workers", "/api/v1/audio/stream/status",
                             "/api/v1/audio/stream/limits?user_id=42"}) {
      const HttpAnswer answer = Get(agent.port(), path);
      ASSERT_EQ(answer.status, 200) << path << answer.body << agent.process().errors()
                                    << agent.process().Wait();
      EXPECT_LE(answer.body.size(), kMostBytes);
      EXPECT_TRUE(nlohmann::json::accept(answer.body)) << path << '\n' << answer.body;
    }
  }
  EXPECT_FALSE(agent.process().HasEnded());
}

}  // namespace
}  // namespace shmetrics::testing

// How another process can damage the segment's file while the agent has it mapped and a worker counts in it.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <ostream>
#include <random>
#include <string>

#include "shm/base/unique_fd.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/exposition_parser.h"
#include "tests/support/http_client.h"
#include "tests/support/nightly.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using testing::Agent;
using testing::Child;
using testing::HttpAnswer;

constexpr std::size_t kMostBytes = 16U << 20U;

void Punch(const std::string& path, std::uint64_t begin, std::uint64_t bytes) {
  const shm::UniqueFd file(open(path.c_str(), O_RDWR | O_CLOEXEC));
  EXPECT_EQ(fallocate(file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(begin),
                      static_cast<off_t>(bytes)),
            0);
}

void Overwrite(const std::string& path, std::uint64_t begin, std::uint64_t bytes) {
  std::mt19937_64 random(7);
  std::string noise;
  while (noise.size() < bytes) noise += static_cast<char>(random());
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(begin));
  file << noise;
}

class FileDamage : public testing::RegistryFixture {
 protected:
  /// Counts and registers without pause. The result does not matter to the agent.
  Child StartWorker(const std::string& counter) {
    counting_->store(false);
    Child worker([this, counter] {
      Registry& registry = Open();
      const CounterFamily total = registry.counter({.name = counter});
      const CounterFamily labelled = registry.counter({.name = "labelled_total", .labels = {"number"}});
      const HistogramFamily latency = registry.histogram({.name = "latency", .labels = {"number"}}, {1, 2});
      total.inc(1'000);
      for (int i = 0;; i++) {
        total.inc();
        labelled.with({std::to_string(i % 90)}).inc();
        latency.with({std::to_string(i % 90)}).observe(i);
        registry.gauge({.name = "depth"}).set(i);
        if (i == 90) counting_->store(true);
        usleep(50);
      }
    });
    testing::WaitUntil([this] { return counting_->load(); });
    return worker;
  }
  std::uint64_t Bytes() const { return std::filesystem::file_size(segment_); }
  /// One scrape. It may be refused but not wrong. The body is empty if it was refused.
  static std::string Scrape(const Agent& agent) {
    const HttpAnswer answer = testing::Get(agent.port(), "/metrics");
    EXPECT_TRUE(answer.status == 200 || answer.status == 503) << answer.status << agent.process().errors();
    if (answer.status != 200) return {};
    EXPECT_LE(answer.body.size(), kMostBytes);
    const testing::ParsedExposition parsed = testing::ParseExposition(answer.body);
    EXPECT_TRUE(parsed.complaints.empty()) << parsed.complaints.front();
    return answer.body;
  }
  static double SkippedIn(const testing::Scrape& scrape) {
    double skipped = 0;
    for (const char* what : {"family", "series", "chain", "collision", "gauge", "lease", "exemplar"})
      skipped += scrape["shmetrics_skipped_records_total{reason=\"" + std::string(what) + "\"}"].value_or(0);
    return skipped;
  }
  /// Makes a new file, in which a new worker counts.
  void Replace() {
    std::filesystem::remove(segment_);
    replacement_.emplace(StartWorker("replacement_total"));
  }

  testing::SharedPage<std::atomic<bool>> counting_;
  std::optional<Child> replacement_;
};

struct Case {
  const char* name;
  std::function<void(const std::string& path, std::uint64_t bytes)> damage;
  bool is_found = true;  ///< false: what is read is correct
};
void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

class FileDamageTest : public FileDamage, public ::testing::WithParamInterface<Case> {};

// Faults 23 and 24.
TEST_P(FileDamageTest, TheAgentSaysSoAndRecoversWhenAGoodSegmentTakesThePlace) {
  const Child older = StartWorker("older_total");
  Agent agent(SHMETRICS_AGENT, segment_);
  ASSERT_GE(agent.Get()["older_total"], 1'000);
  std::filesystem::rename(segment_, folder_ + "/aside");
  const Child worker = StartWorker("newer_total");
  ASSERT_GE(agent.Get()["newer_total"], 1'000);
  GetParam().damage(segment_, Bytes());
  std::string text = Scrape(agent);
  for (int i = 0; i < 20; i++) text = Scrape(agent);
  if (GetParam().is_found) {
    EXPECT_TRUE(text.empty() || SkippedIn(testing::Scrape(text)) > 0) << text;
  } else {
    EXPECT_GE(testing::Scrape(text)["newer_total"], 1'000);
  }
  EXPECT_EQ(testing::Get(agent.port(), "/-/healthy").status, 200);
  Replace();
  const testing::Scrape recovered = agent.Get();
  EXPECT_GE(recovered["replacement_total"], 1'000);
  EXPECT_GE(recovered["older_total"], 1'000) << "the former segment is whole";
  EXPECT_FALSE(agent.process().HasEnded());
}

const Case kCases[] = {
    {"CutToNothing", [](const std::string& path, std::uint64_t) { std::filesystem::resize_file(path, 0); }},
    {"CutBehindTheHeader",
     [](const std::string& path, std::uint64_t) { std::filesystem::resize_file(path, 4'096); }},
    {"CutInTheMiddle",
     [](const std::string& path, std::uint64_t bytes) { std::filesystem::resize_file(path, bytes / 2); }},
    {"CutAndMadeAsLongAgain",
     [](const std::string& path, std::uint64_t bytes) {
       std::filesystem::resize_file(path, 0);
       std::filesystem::resize_file(path, bytes);
     }},
    {"PunchedThroughout", [](const std::string& path, std::uint64_t bytes) { Punch(path, 0, bytes); }},
    {"PunchedBehindTheHeader",
     [](const std::string& path, std::uint64_t bytes) { Punch(path, 4'096, bytes - 4'096); }},
    {"OverwrittenFromItsStart", [](const std::string& path, std::uint64_t) { Overwrite(path, 0, 100'000); }},
    {"OverwrittenBehindTheHeader",
     [](const std::string& path, std::uint64_t) { Overwrite(path, 4'096, 500'000); }},
    {"Grown",
     [](const std::string& path, std::uint64_t bytes) { std::filesystem::resize_file(path, 2 * bytes); },
     false},
};

INSTANTIATE_TEST_SUITE_P(Every, FileDamageTest, ::testing::ValuesIn(kCases),
                         [](const auto& test) { return test.param.name; });

using FileDamageUnderLoadTest = FileDamage;

// Faults 23 and 24: at any moment of a scrape a page may be missing or zero.
TEST_F(FileDamageUnderLoadTest, HolesPunchedWithoutPauseAreSurvived) {
  const Child worker = StartWorker("newer_total");
  Agent agent(SHMETRICS_AGENT, segment_);
  {
    const Child puncher([this, bytes = Bytes()] {
      std::mt19937_64 random(11);
      for (;;) Punch(segment_, 4'096 * (1 + random() % 200) % bytes, 4'096);
    });
    for (int i = 0; i < (testing::IsNightly() ? 20'000 : 200); i++) Scrape(agent);
  }
  Replace();
  EXPECT_GE(agent.Get()["replacement_total"], 1'000);
}

// Fault 23: the cut may come at any moment of a scrape, and may be undone before the next scrape.
TEST_F(FileDamageUnderLoadTest, FilesCutOffAndMadeAsLongAgainWithoutPauseAreSurvived) {
  const Child worker = StartWorker("newer_total");
  Agent agent(SHMETRICS_AGENT, segment_);
  ASSERT_GE(agent.Get()["newer_total"], 1'000);
  for (int i = 0; i < (testing::IsNightly() ? 500 : 8); i++) {
    {
      const Child cutter([this, bytes = Bytes(), i] {
        std::mt19937_64 random(static_cast<std::uint64_t>(i));
        for (;;) {
          std::filesystem::resize_file(segment_, random() % bytes);
          std::filesystem::resize_file(segment_, bytes);
        }
      });
      for (int scrape = 0; scrape < 10; scrape++) Scrape(agent);
    }
    Replace();
    EXPECT_GE(agent.Get()["replacement_total"], 1'000);
  }
  EXPECT_FALSE(agent.process().HasEnded());
}

}  // namespace
}  // namespace shmetrics

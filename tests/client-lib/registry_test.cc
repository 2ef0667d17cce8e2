#include "shmetrics/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "shm/snapshot/snapshot.h"
#include "tests/support/child.h"
#include "tests/support/gate.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/segment_reading.h"

namespace shmetrics {

/// Calls the library like a program that was compiled with another layout.
class RegistryTestPeer {
 public:
  static Registry& Global(std::uint64_t caller_layout) { return Registry::GlobalOf(caller_layout); }
  static Registry& Open(const RegistryOptions& options, std::uint64_t caller_layout) {
    return Registry::OpenOf(options, caller_layout);
  }
};

namespace {

using testing::Child;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::RunInChild;
using testing::WaitUntil;

constexpr std::uint64_t kNextMajor = shm::kCallerLayout + (std::uint64_t{1} << 48U);

class RegistryTest : public testing::RegistryFixture {
 protected:
  /// Uses every kind of metric. None may crash or block.
  static void UseAllOf(Registry& registry) {
    const CounterFamily requests = registry.counter({.name = "requests_total", .labels = {"code"}});
    requests.with({"200"}).inc();
    requests.with({"too", "many"}).inc();
    registry.fractional_counter({.name = "minutes_total"}).inc(0.5);
    const GaugeFamily depth = registry.gauge({.name = "depth"});
    depth.set(3);
    depth.add(1);
    depth.sub(2);
    registry.gauge({.name = "temperature", .labels = {"room"}}, GaugeMode::last).with({"attic"}).set(30);
    registry.histogram({.name = "latency"}, buckets::linear(1, 1, 3)).observe(2);
    requests.remove({"200"});
    registry.status();
  }

  void ExpectRefused(ErrorCode code, const std::string& why) {
    Registry& registry = Open();
    const RegistryStatus status = registry.status();
    EXPECT_FALSE(status.attached);
    EXPECT_EQ(status.error_code, code);
    EXPECT_THAT(status.error, HasSubstr(why));
    EXPECT_EQ(status.segment, segment_);
    UseAllOf(registry);
    const CounterFamily family = registry.counter({.name = "requests_total"});
    EXPECT_FALSE(family.ok());
    EXPECT_THAT(family.error(), HasSubstr(why));
  }
};

TEST_F(RegistryTest, TheFirstRegistryMakesTheSegmentAndTheNextAttachesToIt) {
  Registry& first = Open();
  EXPECT_TRUE(first.status().attached) << first.status().error;
  EXPECT_THAT(first.status().error, IsEmpty());
  const auto made = std::filesystem::last_write_time(segment_);
  Registry& second = Registry::open({.segment = segment_, .segment_bytes = 64U << 20U});
  EXPECT_TRUE(second.status().attached) << second.status().error;
  EXPECT_EQ(std::filesystem::last_write_time(segment_), made);
  EXPECT_EQ(Read().snapshot().segment.bytes, 8U << 20U) << "sizes are the first one's";
  UseAllOf(first);
  UseAllOf(second);
  EXPECT_EQ(Read().FractionalCounter("minutes_total"), 1.0);
  EXPECT_TRUE(second.status().attached);
}

TEST_F(RegistryTest, StatusOfAHealthyRegistryTellsOfNoRefusal) {
  Registry& registry = Open();
  registry.counter({.name = "requests_total"}).inc();
  registry.gauge({.name = "depth"}).set(1);
  const RegistryStatus status = registry.status();
  EXPECT_FALSE(status.full);
  EXPECT_THAT(status.refusals, IsEmpty());
  EXPECT_EQ(status.segment, segment_);
}

TEST_F(RegistryTest, AMissingFolderIsNamedAndEverythingWorksWithoutASegment) {
  segment_ = folder_ + "/missing/segment.v1";
  ExpectRefused(ErrorCode::kNotCreatable, folder_ + "/missing");
}

TEST_F(RegistryTest, AForeignFileIsNamedAndEverythingWorksWithoutASegment) {
  std::ofstream(segment_) << "This is a letter to somebody, and it is long enough to be taken for a header.";
  std::filesystem::permissions(segment_, std::filesystem::perms{0600});
  ExpectRefused(ErrorCode::kBadMagic, "not a shmetrics segment");
}

TEST_F(RegistryTest, AShortFileIsNamedAndEverythingWorksWithoutASegment) {
  const std::ofstream file(segment_);
  std::filesystem::permissions(segment_, std::filesystem::perms{0600});
  ExpectRefused(ErrorCode::kTruncated, "0 bytes");
}

TEST_F(RegistryTest, ASymbolicLinkIsNamedAndEverythingWorksWithoutASegment) {
  std::filesystem::create_symlink(folder_ + "/elsewhere", segment_);
  ExpectRefused(ErrorCode::kSymlink, "symbolic link");
}

TEST_F(RegistryTest, ASegmentOpenToTheWorldIsNamedAndEverythingWorksWithoutIt) {
  Open();
  std::filesystem::permissions(segment_, std::filesystem::perms{0666});
  ExpectRefused(ErrorCode::kUnsafeMode, "the world has access");
}

TEST_F(RegistryTest, OptionsOutOfRangeAreNamedAndEverythingWorksWithoutASegment) {
  Registry& registry = Registry::open({.segment = segment_, .worker_slots = 100'000});
  EXPECT_EQ(registry.status().error_code, ErrorCode::kBadOption);
  EXPECT_THAT(registry.status().error, HasSubstr("worker slots is 100000"));
  UseAllOf(registry);
  EXPECT_FALSE(std::filesystem::exists(segment_));
}

TEST_F(RegistryTest, AttachesAtALaterRegistrationWhenThatHasBecomePossible) {
  segment_ = folder_ + "/later/segment.v1";
  Registry& registry = Open();
  const CounterFamily early = registry.counter({.name = "early_total", .labels = {"code"}});
  early.with({"200"}).inc(100);
  EXPECT_FALSE(early.ok());
  const Gauge depth = registry.gauge({.name = "depth", .labels = {"queue"}}).with({"a"});
  depth.set(5);

  std::filesystem::create_directory(folder_ + "/later");
  WaitUntil([&] { return early.ok(); });
  EXPECT_TRUE(registry.status().attached);
  early.with({"200"}).inc(7);
  WaitUntil([&] {
    depth.add(1);
    depth.sub(1);
    return !Read().snapshot().workers.empty();
  });
  EXPECT_EQ(Read().Counter("early_total{code=\"200\"}"), 7U) << "only what was counted since then";
  EXPECT_EQ(Read().Gauge("depth{queue=\"a\"}"), 5.0) << "a gauge takes its value along";
}

// Fault 31. The program counts on, in private memory, and is told the remedy.
TEST_F(RegistryTest, AProgramBuiltAgainstAnotherLayoutCountsInPrivateMemoryAndIsToldBothLayouts) {
  Registry& registry = RegistryTestPeer::Open(Options(), kNextMajor);
  EXPECT_EQ(registry.status().error_code, ErrorCode::kOtherLayout);
  EXPECT_THAT(registry.status().error, HasSubstr("layout " + std::to_string(shm::kLayoutMajor + 1)));
  EXPECT_THAT(registry.status().error, HasSubstr("has " + std::to_string(shm::kLayoutMajor)));
  UseAllOf(registry);
  EXPECT_FALSE(std::filesystem::exists(segment_));
  EXPECT_FALSE(registry.counter({.name = "requests_total"}).ok());
}

TEST_F(RegistryTest, AProgramBuiltWithOtherSizesIsRefusedThoughTheMajorIsTheSame) {
  Registry& registry = RegistryTestPeer::Open(Options(), shm::kCallerLayout ^ 1U);
  EXPECT_EQ(registry.status().error_code, ErrorCode::kOtherLayout);
  UseAllOf(registry);
  EXPECT_FALSE(std::filesystem::exists(segment_));
}

// Fault 31, with two modules in one process: each gets the registry of its layout, in either order.
TEST_F(RegistryTest, TheGlobalRegistryOfAnotherLayoutDoesNotSpoilThatOfOurs) {
  EXPECT_EQ(RunInChild([this] {
              Registry::configure(Options());
              Registry& refused = RegistryTestPeer::Global(kNextMajor);
              EXPECT_EQ(refused.status().error_code, ErrorCode::kOtherLayout);
              UseAllOf(refused);
              EXPECT_FALSE(std::filesystem::exists(segment_));
              EXPECT_TRUE(Registry::global().status().attached);
              EXPECT_EQ(&RegistryTestPeer::Global(kNextMajor), &refused);
            }),
            0);
}

TEST_F(RegistryTest, ConfigureDecidesForTheGlobalRegistryUntilThatIsUsed) {
  EXPECT_EQ(RunInChild([this] {
              EXPECT_TRUE(Registry::configure({.segment = folder_ + "/overruled.v1"}));
              EXPECT_TRUE(Registry::configure(Options()));
              EXPECT_EQ(Registry::global().status().segment, segment_);
              EXPECT_TRUE(Registry::global().status().attached);
              EXPECT_EQ(&Registry::global(), &Registry::global());
              EXPECT_FALSE(Registry::configure({.segment = folder_ + "/too-late.v1"}));
              Registry::global().counter({.name = "requests_total"}).inc(3);
            }),
            0);
  EXPECT_EQ(Read().Counter("requests_total"), 3U);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/overruled.v1"));
}

TEST_F(RegistryTest, TheEnvironmentNamesTheSegmentIfNothingElseDoes) {
  EXPECT_EQ(RunInChild([this] {
              setenv("SHMETRICS_SEGMENT", segment_.c_str(), 1);
              Registry::global().counter({.name = "requests_total"}).inc();
            }),
            0);
  EXPECT_EQ(Read().Counter("requests_total"), 1U);
}

TEST_F(RegistryTest, WorkersAreListedByTheNameTheyGaveThemselves) {
  RegistryOptions options = Options();
  options.worker_name = "transcoder";
  Registry::open(options).gauge({.name = "depth"}).set(1);
  const testing::SegmentReading reading = Read();
  ASSERT_EQ(reading.snapshot().workers.size(), 1U);
  EXPECT_EQ(reading.snapshot().workers[0].name, "transcoder");
  EXPECT_EQ(reading.snapshot().workers[0].pid, static_cast<std::uint32_t>(getpid()));
}

// Two hundred processes meet a segment that does not exist: one makes it, all attach to that one.
TEST_F(RegistryTest, TwoHundredProcessesAttachAtOnceToTheSegmentThatOneOfThemMakes) {
  constexpr std::uint64_t kProcesses = 200;
  testing::Gate gate;
  std::vector<Child> children;
  for (std::uint64_t i = 0; i < kProcesses; i++) {
    children.emplace_back([&] {
      gate.Wait();
      Registry& registry = Open();
      EXPECT_TRUE(registry.status().attached) << registry.status().error;
      registry.counter({.name = "requests_total"}).inc();
    });
  }
  gate.Open();
  for (Child& child : children) EXPECT_EQ(child.Wait(), 0);
  EXPECT_EQ(Read().Counter("requests_total"), kProcesses);
  const std::filesystem::directory_iterator files(folder_);
  EXPECT_EQ(std::distance(begin(files), end(files)), 1) << "no leftovers of those who came second";
}

}  // namespace
}  // namespace shmetrics

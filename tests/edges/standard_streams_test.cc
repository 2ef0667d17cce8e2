// Fault L1. A daemon has closed 0, 1 or 2, and a thread of it still writes there, as loggers do. No
// descriptor through which the segment can be written may get such a number, not even for a moment.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "shm/segment/memory_limit.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/program.h"
#include "tests/support/registry_fixture.h"

namespace shmetrics {
namespace {

using testing::RunInChild;

constexpr int kStreams = 3;
constexpr std::string_view kLine = "2026-11-29 00:00:00 WARN something\n";

/// Writes to the streams in `closed` (bit i: descriptor i) all the time, and counts what was accepted.
class Logger {
 public:
  explicit Logger(int closed) : thread_([this, closed] { Write(closed); }) {}
  ~Logger() {
    stop_ = true;
    thread_.join();
  }
  int accepted() const { return accepted_; }

 private:
  void Write(int closed) {
    while (!stop_) {
      for (int stream = 0; stream < kStreams; stream++) {
        if ((closed >> stream & 1) == 0) continue;
        if (write(stream, kLine.data(), kLine.size()) >= 0) accepted_++;
      }
    }
  }

  std::atomic<bool> stop_{false};
  std::atomic<int> accepted_{0};
  std::thread thread_;
};

class StandardStreamsTest : public testing::RegistryFixture, public ::testing::WithParamInterface<int> {
 protected:
  /// In a child, because the streams are closed for good. Returns how it ended.
  template <typename Body>
  int WithClosedStreams(const Body& body) const {
    return RunInChild([&] {
      const int report = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100);
      for (int stream = 0; stream < kStreams; stream++) {
        if ((GetParam() >> stream & 1) != 0) close(stream);
      }
      int accepted = 0;
      {
        const Logger logger(GetParam());
        body();
        accepted = logger.accepted();
      }
      dup2(report, STDERR_FILENO);  // what GoogleTest has to say is seen
      EXPECT_EQ(accepted, 0) << "lines were written to a descriptor that shmetrics had opened";
    });
  }
};
INSTANTIATE_TEST_SUITE_P(EachCombination, StandardStreamsTest, ::testing::Range(1, 8));

TEST_P(StandardStreamsTest, ALoggersLineNeverLandsInASegmentThatIsMadeAndUsed) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the logger writes into a pipe with which the sanitizer finds out what can be read";
#endif
  for (int i = 0; i < 40; i++) {
    std::filesystem::remove(segment_);
    EXPECT_EQ(WithClosedStreams([&] {
                Registry& registry = Open();
                registry.counter({.name = "requests_total"}).with({}).inc(3);
                registry.gauge({.name = "depth"}).with({}).set(2);
                const LeaseGaugeFamily streams =
                    registry.lease_gauge({.name = "streams", .labels = {"user"}});
                const auto held = streams.try_acquire({"42"}, {.limit = 1});
                EXPECT_TRUE(held.ok());
                EXPECT_FALSE(streams.try_acquire({"42"}, {.limit = 1}).ok());
              }),
              0);
    EXPECT_EQ(Read().Counter("requests_total"), 3U) << "the segment was overwritten";
  }
}

// The files of /proc and the ini file, too: a thread that reads its standard input must not get a part of
// them.
TEST_P(StandardStreamsTest, AReaderOfAClosedStreamNeverGetsAFileThatTheLibraryReads) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the reader reads from the pipe with which the sanitizer finds out what can be read";
#endif
  const std::string config = folder_ + "/shmetrics.ini";
  std::ofstream(config) << "[Audio-Quota]\nhash_user_id = true\nhash_user_id_key = 0123456789abcdef\n";
  EXPECT_EQ(WithClosedStreams([&] {
              std::atomic<bool> stop{false};
              std::atomic<int> got{0};
              std::thread reader([&] {
                char byte;
                while (!stop) {
                  for (int stream = 0; stream < kStreams; stream++) {
                    if ((GetParam() >> stream & 1) != 0 && read(stream, &byte, 1) > 0) got++;
                  }
                }
              });
              for (int i = 0; i < 100; i++) {
                std::filesystem::remove(segment_);
                const audio::Quota quota(Open(), {.config = config});
                EXPECT_TRUE(shm::MemoryHeadroom().ok());
              }
              stop = true;
              reader.join();
              EXPECT_EQ(got, 0);
            }),
            0);
}

TEST_P(StandardStreamsTest, TheAgentFillsThemWithTheNullDevice) {
  Open().counter({.name = "requests_total"}).with({}).inc();
  std::string close_some = "exec ";
  for (int stream = 0; stream < kStreams; stream++) {
    if ((GetParam() >> stream & 1) != 0) close_some += std::to_string(stream) + ">&- ";
  }
  const std::string ready = folder_ + "/agent.sock";
  const testing::Program agent(
      {"/bin/sh", "-c",
       close_some + SHMETRICS_AGENT + " --segment.path " + segment_ + " --web.listen-address unix:" + ready});
  testing::WaitUntil([&] { return std::filesystem::exists(ready); });
  for (int stream = 0; stream < kStreams; stream++) {
    if ((GetParam() >> stream & 1) == 0) continue;
    EXPECT_EQ(std::filesystem::read_symlink("/proc/" + std::to_string(agent.pid()) + "/fd/" +
                                            std::to_string(stream)),
              "/dev/null");
  }
}

}  // namespace
}  // namespace shmetrics

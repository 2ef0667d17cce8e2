#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "client-lib/audio/ledger_loader.h"
#include "tests/agent/view/segment_writer.h"
#include "tests/support/http_client.h"

namespace shmetrics::agent {
namespace {

using shmetrics::testing::Get;
using shmetrics::testing::SegmentWriter;
using shmetrics::testing::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

/// The program under test, as its own process.
class AgentProcess {
 public:
  explicit AgentProcess(std::vector<std::string> arguments) {
    int pipe_fds[2];
    EXPECT_EQ(pipe2(pipe_fds, O_CLOEXEC), 0);
    arguments.insert(arguments.begin(), SHMETRICS_AGENT);
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(pipe_fds[1], STDOUT_FILENO);
      dup2(pipe_fds[1], STDERR_FILENO);
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(pipe_fds[1]);
    output_ = fdopen(pipe_fds[0], "r");
  }
  ~AgentProcess() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      Wait();
    }
    std::fclose(output_);
  }
  AgentProcess(const AgentProcess&) = delete;
  AgentProcess& operator=(const AgentProcess&) = delete;

  /// The next line that the program prints on either stream; empty at the end.
  std::string Line() {
    std::string line;
    for (int c = 0; (c = std::fgetc(output_)) != EOF && c != '\n';) line += static_cast<char>(c);
    return line;
  }

  /// Reads lines until the program says where it serves.
  std::uint16_t Port() {
    for (std::string line = Line(); !line.empty(); line = Line()) {
      const std::size_t on = line.find(" on 127.0.0.1:");
      if (on != std::string::npos) {
        return static_cast<std::uint16_t>(
            std::atoi(line.c_str() + on + std::string(" on 127.0.0.1:").size()));
      }
    }
    return 0;
  }

  void Signal(int signal) const { kill(pid_, signal); }

  /// The exit code, or minus the signal that ended the program.
  int Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
  std::FILE* output_ = nullptr;
};

class MainTest : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  const std::string path_ = folder_ / "segment";
};

TEST_F(MainTest, ItServesASegmentThatComesLaterAndStopsOnSigterm) {
  AgentProcess agent({"--segment.path", path_, "--web.listen-address", "127.0.0.1:0"});
  const std::uint16_t port = agent.Port();
  ASSERT_NE(port, 0);
  EXPECT_EQ(Get(port, "/-/ready").status, 503);
  SegmentWriter(path_).Count("jobs_total", 3);
  EXPECT_EQ(Get(port, "/-/ready").status, 200);
  EXPECT_THAT(Get(port, "/metrics").body, HasSubstr("\njobs_total 3\n"));
  for (const char* path :
       {"/", "/api/v1/metrics", "/api/v1/metrics/json", "/api/v1/metrics/text", "/api/v1/workers",
        "/api/v1/audio/stream/status", "/api/v1/audio/stream/limits?user_id=1", "/-/healthy"}) {
    EXPECT_EQ(Get(port, path).status, 200) << path;
  }
  EXPECT_EQ(Get(port, "/nothing").status, 404);
  agent.Signal(SIGTERM);
  EXPECT_EQ(agent.Wait(), 0);
}

TEST_F(MainTest, TheLedgerIsSavedBeforeItStops) {
  const std::string ini = folder_ / "agent.ini";
  std::ofstream(ini) << "[Audio-Quota]\nstate_file = " << folder_ / "ledger.json"
                     << "\n";
  SegmentWriter writer(path_);
  writer.SetTier("42", 3);
  writer.MarkLedgerLoaded();
  AgentProcess agent({"--config.file", ini, "--segment.path", path_, "--web.listen-address", "127.0.0.1:0"});
  ASSERT_NE(agent.Port(), 0);
  agent.Signal(SIGTERM);
  EXPECT_EQ(agent.Wait(), 0);
  const auto ledger = audio::ReadLedgerFile(folder_ / "ledger.json");
  ASSERT_TRUE(ledger.ok()) << ledger.error().message;
  ASSERT_EQ(ledger->size(), 1U);
  EXPECT_EQ(ledger->front().key, "42");
}

TEST_F(MainTest, ItStopsOnSigint) {
  AgentProcess agent({"--segment.path", path_, "--web.listen-address", "127.0.0.1:0"});
  ASSERT_NE(agent.Port(), 0);
  agent.Signal(SIGINT);
  EXPECT_EQ(agent.Wait(), 0);
}

// Fault 23.
TEST_F(MainTest, ACutOffSegmentIsA503AndTheAgentLivesOn) {
  AgentProcess agent({"--segment.path", path_, "--web.listen-address", "127.0.0.1:0"});
  const std::uint16_t port = agent.Port();
  SegmentWriter(path_).Count("jobs_total", 3);
  EXPECT_EQ(Get(port, "/metrics").status, 200);
  std::filesystem::resize_file(path_, 0);
  EXPECT_EQ(Get(port, "/metrics").status, 503);
  EXPECT_EQ(Get(port, "/-/healthy").status, 200);
}

TEST_F(MainTest, FlagsWinOverTheConfigurationFile) {
  const std::string ini = folder_ / "agent.ini";
  std::ofstream(ini) << "[segment]\npath = " << path_ << "\n[web]\nlisten_address = 192.0.2.1:1\n";
  AgentProcess agent({"--config.file", ini, "--web.listen-address", "127.0.0.1:0"});
  const std::uint16_t port = agent.Port();
  ASSERT_NE(port, 0);
  EXPECT_THAT(Get(port, "/-/ready").body, HasSubstr(path_));
}

TEST_F(MainTest, ItServesOnEveryAddressAndAtTheTelemetryPath) {
  AgentProcess agent({"--segment.path", path_, "--web.listen-address", "127.0.0.1:0", "--web.listen-address",
                      "127.0.0.1:0", "--web.telemetry-path=/m", "--web.disable-exporter-metrics"});
  const std::uint16_t first = agent.Port();
  const std::uint16_t second = agent.Port();
  ASSERT_NE(first, 0);
  ASSERT_NE(second, first);
  for (const std::uint16_t port : {first, second}) {
    EXPECT_THAT(Get(port, "/m").body, HasSubstr("\nshmetrics_up 0\n"));
    EXPECT_EQ(Get(port, "/metrics").status, 404);
  }
  EXPECT_THAT(Get(first, "/m").body, Not(HasSubstr("process_")));
  EXPECT_THAT(Get(first, "/").body, HasSubstr("href=\"./m\""));
}

TEST_F(MainTest, SighupAppliesTheConfigurationAndABadOneChangesNothing) {
  const std::string ini = folder_ / "agent.ini";
  const std::string user =
      "[web.users]\nalice = $2y$05$abcdefghijklmnopqrstuuOFGCvsNOmhJGLaaOWAZaKwvvxBs3Nhm\n";
  std::ofstream(ini) << "[Audio-Quota]\nfree_concurrent_jobs = 5\n";
  AgentProcess agent({"--config.file", ini, "--segment.path", path_, "--web.listen-address", "127.0.0.1:0"});
  const std::uint16_t port = agent.Port();
  const std::string limits = "/api/v1/audio/stream/limits?user_id=1";
  EXPECT_THAT(Get(port, limits).body, HasSubstr("\"concurrent_jobs\":5"));
  const auto reload = [&](const std::string& text, const std::string& said) {
    std::ofstream(ini) << text;
    agent.Signal(SIGHUP);
    std::string line;
    do line = agent.Line();
    while (!line.empty() && line.find(said) == std::string::npos);
    EXPECT_THAT(line, HasSubstr(said));
  };
  reload("[Audio-Quota]\nfree_concurrent_jobs = 6\n[web]\ntelemetry_path = /m\n",
         "change only after a restart: [web] telemetry_path");
  reload("[Audio-Quota]\nfree_concurrent_jobs = 7\n[log]\nlevel = loud\n",
         "the configuration stays as it was: ");
  EXPECT_THAT(Get(port, limits).body, HasSubstr("\"concurrent_jobs\":6"));
  EXPECT_THAT(Get(port, "/metrics").body, HasSubstr("\nshmetrics_config_last_reload_successful 0\n"));
  reload("[log]\nlevel = info\n", "the configuration has been read again");
  EXPECT_THAT(Get(port, "/metrics").body, HasSubstr("\nshmetrics_config_last_reload_successful 1\n"));
  reload(user, "the configuration has been read again");
  EXPECT_EQ(Get(port, "/metrics").status, 401);
  reload("[log]\nlevel = info\n", "[web.users]: the last user is gone");
  EXPECT_EQ(Get(port, "/metrics").status, 401);
}

TEST_F(MainTest, WrongFlagsFilesAndAddressesAreOneLineAndExitCode2) {
  const std::string ini = folder_ / "agent.ini";
  std::ofstream(ini) << "[web]\nport = 80\n";
  const std::string audio = folder_ / "audio.ini";
  std::ofstream(audio) << "[Audio-Quota]\nmodels = a\nfree_daily_minutes = lots\nhash_user_id = true\n";
  AgentProcess other({"--segment.path", path_, "--web.listen-address", "127.0.0.1:0"});
  const std::string taken = "127.0.0.1:" + std::to_string(other.Port());
  const struct {
    std::vector<std::string> arguments;
    std::string said;
  } cases[] = {
      {{"--web.port=80"}, "shmetrics-agent: .*--web.port.*"},
      {{"--log.level=loud"}, "shmetrics-agent: --log.level: 'loud' is not .*"},
      {{"--config.file", folder_ / "none"}, "shmetrics-agent: .*/none: could not be opened: .*"},
      {{"--config.file", ini}, "shmetrics-agent: .*/agent.ini: line 2: .web. port: no such key.*"},
      {{"--config.file", audio},
       "shmetrics-agent: .*/audio.ini: line 3: .Audio-Quota. free_daily_minutes: 'lots' is not .*"},
      {{"--segment.path", path_, "--web.listen-address", taken},
       "shmetrics-agent: cannot listen on " + taken + ": .*"},
  };
  for (const auto& [arguments, said] : cases) {
    AgentProcess agent(arguments);
    EXPECT_THAT(agent.Line(), MatchesRegex(said));
    EXPECT_EQ(agent.Line(), "") << "a second line";
    EXPECT_EQ(agent.Wait(), 2);
  }
}

// Fault A8.
TEST_F(MainTest, AnAudioVariableThatIsWrongStopsTheAgent) {
  setenv("AUDIO_STREAM_TTL_SECONDS", "soon", 1);
  AgentProcess agent({"--segment.path", path_, "--web.listen-address", "127.0.0.1:0"});
  unsetenv("AUDIO_STREAM_TTL_SECONDS");
  EXPECT_EQ(agent.Line(), "shmetrics-agent: $AUDIO_STREAM_TTL_SECONDS: 'soon' is not a number of seconds");
  EXPECT_EQ(agent.Wait(), 2);
}

TEST_F(MainTest, HelpAndVersionExitWith0) {
  AgentProcess version({"--version"});
  EXPECT_THAT(version.Line(), MatchesRegex("shmetrics-agent [0-9]+[.][0-9]+[.][0-9]+"));
  EXPECT_EQ(version.Wait(), 0);
  AgentProcess help({"--help"});
  EXPECT_THAT(help.Line(), HasSubstr("Serves the metrics"));
  EXPECT_EQ(help.Wait(), 0);
}

}  // namespace
}  // namespace shmetrics::agent

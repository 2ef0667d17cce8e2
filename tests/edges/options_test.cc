// Fault L18. Every option of a registry can be given in code, in the environment and in the ini file, in this
// order. What is not understood is refused by name, and what is ignored is named.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "client-lib/config/segment_settings.h"
#include "shm/layout/layout.h"
#include "shm/snapshot/snapshot.h"
#include "shmetrics/c.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/program.h"
#include "tests/support/registry_fixture.h"

namespace shmetrics {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class OptionsTest : public testing::RegistryFixture {
 protected:
  OptionsTest() {
    Forget();
    setenv("SHMETRICS_SEGMENT", segment_.c_str(), 1);
  }
  ~OptionsTest() override { Forget(); }
  static void Forget() {
    unsetenv("SHMETRICS_CONFIG");
    for (const config::SegmentSetting& setting : config::SegmentSettings()) unsetenv(setting.variable);
  }
  void WriteIni(const std::string& text) const {
    std::ofstream(ini_) << text;
    setenv("SHMETRICS_CONFIG", ini_.c_str(), 1);
  }
  shm::layout::Header HeaderOf(const std::string& path) const {
    shm::layout::Header header{};
    std::ifstream(path, std::ios::binary).read(reinterpret_cast<char*>(&header), sizeof header);
    return header;
  }
  /// What a registry that is given nothing in code says of its options.
  static RegistryStatus StatusOf(const RegistryOptions& options = {}) {
    return Registry::open(options).status();
  }
  void ExpectRefused(const std::string& message) const {
    const RegistryStatus status = StatusOf();
    EXPECT_FALSE(status.attached);
    EXPECT_EQ(status.error_code, ErrorCode::kBadOption);
    EXPECT_THAT(status.error, HasSubstr(message));
    EXPECT_FALSE(std::filesystem::exists(segment_)) << "made with options that were not understood";
  }

  const std::string ini_ = folder_ + "/shmetrics.ini";
};

/// An option, a value for it, and where the segment shows that it was used.
struct Case {
  const char* key;
  const char* value;
  bool (*is_used)(const shm::layout::Header& header);
};
using shm::layout::Header;
constexpr Case kSizes[] = {
    {"segment_bytes", "16777216", [](const Header& h) { return h.segment_bytes == 16'777'216; }},
    {"series_limit", "5000", [](const Header& h) { return h.series_limit == 5'000; }},
    {"family_series_limit", "77", [](const Header& h) { return h.family_series_limit == 77; }},
    {"worker_slots", "33", [](const Header& h) { return h.slot_count == 33; }},
    {"max_cpu_stripes", "0", [](const Header& h) { return h.stripe_count == shm::kAtomicStripes; }},
    {"lease_limit", "700", [](const Header& h) { return h.lease_limit == 700; }},
    {"ledger_limit", "800", [](const Header& h) { return h.ledger_limit == 800; }},
    {"shared_pid_namespaces", "true", [](const Header& h) { return h.shared_pid_namespaces == 1; }}};

std::string VariableOf(std::string_view key) {
  const auto settings = config::SegmentSettings();
  return std::ranges::find(settings, key, &config::SegmentSetting::key)->variable;
}

TEST_F(OptionsTest, EachSizeIsTakenFromTheEnvironment) {
  for (const Case& size : kSizes) {
    setenv(VariableOf(size.key).c_str(), size.value, 1);
    EXPECT_TRUE(StatusOf().attached) << StatusOf().error;
    EXPECT_TRUE(size.is_used(HeaderOf(segment_))) << size.key;
    unsetenv(VariableOf(size.key).c_str());
    std::filesystem::remove(segment_);
  }
}

// Fault L2.
TEST_F(OptionsTest, PrivateDecisionsAreTakenFromTheEnvironmentAndTheCodeOverrulesIt) {
  setenv("SHMETRICS_PRIVATE_DECISIONS", "true", 1);
  const std::string nowhere = folder_ + "/no/such/folder/segment.v1";
  EXPECT_TRUE(Registry::open({.segment = nowhere}).status().decides_privately);
  EXPECT_FALSE(Registry::open({.segment = nowhere, .private_decisions = false}).status().decides_privately);
  unsetenv("SHMETRICS_PRIVATE_DECISIONS");
}

TEST_F(OptionsTest, EachSizeIsTakenFromTheIniFile) {
  for (const Case& size : kSizes) {
    WriteIni("[web]\nlisten_address = :1\n[segment]\n" + std::string(size.key) + " = " + size.value + "\n");
    EXPECT_TRUE(StatusOf().attached) << StatusOf().error;
    EXPECT_TRUE(size.is_used(HeaderOf(segment_))) << size.key;
    std::filesystem::remove(segment_);
  }
}

TEST_F(OptionsTest, CodeWinsOverTheEnvironmentAndThatOverTheIniFile) {
  WriteIni("[segment]\npath = " + folder_ + "/of-the-file\nworker_slots = 10\nseries_limit = 1000\n");
  setenv("SHMETRICS_WORKER_SLOTS", "20", 1);
  setenv("SHMETRICS_LEASE_LIMIT", "600", 1);
  ASSERT_EQ(StatusOf({.lease_limit = 1'000}).segment, segment_);
  const Header header = HeaderOf(segment_);
  EXPECT_EQ(header.series_limit, 1'000U);
  EXPECT_EQ(header.slot_count, 20U);
  EXPECT_EQ(header.lease_limit, 1'000U);
  unsetenv("SHMETRICS_SEGMENT");
  EXPECT_EQ(StatusOf().segment, folder_ + "/of-the-file");
  EXPECT_EQ(StatusOf({.segment = folder_ + "/of-the-code"}).segment, folder_ + "/of-the-code");
}

TEST_F(OptionsTest, CodeCanSayTheDefaultAgainstTheEnvironment) {
  setenv("SHMETRICS_SHARED_PID_NAMESPACES", "true", 1);
  setenv("SHMETRICS_MAX_CPU_STRIPES", "0", 1);
  ASSERT_TRUE(StatusOf({.max_cpu_stripes = 256, .shared_pid_namespaces = false}).attached);
  EXPECT_EQ(HeaderOf(segment_).shared_pid_namespaces, 0U);
  EXPECT_GT(HeaderOf(segment_).stripe_count, shm::kAtomicStripes);
}

TEST_F(OptionsTest, TheCInterfaceLeavesToTheEnvironmentWhatIsZeroAndNothingElse) {
  setenv("SHMETRICS_SHARED_PID_NAMESPACES", "true", 1);
  setenv("SHMETRICS_WORKER_SLOTS", "20", 1);
  shmetrics_registry_options options{};
  options.size = sizeof options;
  shmetrics_registry* registry = nullptr;
  shmetrics_error error{};
  ASSERT_EQ(shmetrics_registry_open(&options, &registry, &error), SHMETRICS_OK) << error.message;
  EXPECT_EQ(HeaderOf(segment_).shared_pid_namespaces, 1U);
  EXPECT_EQ(HeaderOf(segment_).slot_count, 20U);
  std::filesystem::remove(segment_);
  options.shared_pid_namespaces = -1;
  options.worker_slots = 30;
  ASSERT_EQ(shmetrics_registry_open(&options, &registry, &error), SHMETRICS_OK) << error.message;
  EXPECT_EQ(HeaderOf(segment_).shared_pid_namespaces, 0U);
  EXPECT_EQ(HeaderOf(segment_).slot_count, 30U);
  setenv("SHMETRICS_LEASE_LIMIT", "many", 1);
  EXPECT_EQ(shmetrics_registry_open(&options, &registry, &error), SHMETRICS_BAD_OPTION);
  EXPECT_THAT(error.message, HasSubstr("$SHMETRICS_LEASE_LIMIT: 'many'"));
}

TEST_F(OptionsTest, NameAndTrustedOwnerAreTakenToo) {
  setenv("SHMETRICS_WORKER_NAME", "encoder", 1);
  Registry::open({}).gauge({.name = "depth"}).set(1);
  ASSERT_EQ(Read().AliveWorkers(), 1U);
  EXPECT_EQ(Read().snapshot().workers.at(0).name, "encoder");
  if (geteuid() != 0) return;
  ASSERT_EQ(chown(segment_.c_str(), 20'001, 20'001), 0);
  EXPECT_FALSE(StatusOf().attached);
  setenv("SHMETRICS_TRUSTED_OWNER", "20001", 1);
  EXPECT_TRUE(StatusOf().attached) << StatusOf().error;
  setenv("SHMETRICS_TRUSTED_OWNER", "root", 1);
  EXPECT_FALSE(StatusOf().attached);
}

TEST_F(OptionsTest, ABadVariableIsRefusedByName) {
  for (const config::SegmentSetting& setting : config::SegmentSettings()) {
    const std::string key(setting.key);
    if (key == "path" || key == "worker_name") continue;  // any text is one
    for (const char* bad : {"12x", "-2", "99999999999999999999", "no such user"}) {
      setenv(setting.variable, bad, 1);
      ExpectRefused("$" + std::string(setting.variable) + ": '" + bad + "' is not ");
    }
    unsetenv(setting.variable);
  }
  setenv("SHMETRICS_WORKER_SLOTS", "0", 1);
  ExpectRefused("$SHMETRICS_WORKER_SLOTS: number of worker slots is 0; it must be between 1 and 65536");
}

TEST_F(OptionsTest, ABadFileIsRefusedByFileLineAndKey) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[segment]\nworker_slots = few\n", "line 2: [segment] worker_slots: 'few' is not "},
      {"[segment]\n\nseries_limit = 3\n",
       "line 3: [segment] series_limit: series limit is 3; it must be between"},
      {"[segment]\nslots = 5\n", "line 2: [segment] slots: no such key; there are [segment] path, "},
      {"[segment]\nworker_slots = 5\nworker_slots = 6\n", "line 3: [segment] worker_slots: was set before"},
      {"[Segment]\nworker_slots = 5\n", "line 2: [Segment] is not read; write [segment]"},
      {"[segment]\nworker_slots\n", "line 2: is neither a [section], nor key = value"}};
  for (const auto& [text, message] : cases) {
    WriteIni(text);
    ExpectRefused(ini_ + ": " + message);
  }
  setenv("SHMETRICS_CONFIG", (folder_ + "/absent.ini").c_str(), 1);
  ExpectRefused(folder_ + "/absent.ini: could not be opened: No such file or directory");
}

TEST_F(OptionsTest, EverythingThatIsWrongIsNamedAtOnce) {
  WriteIni("[segment]\nslots = 5\n");
  setenv("SHMETRICS_LEASE_LIMIT", "many\nmore", 1);
  ExpectRefused("[segment] slots: no such key");
  ExpectRefused("$SHMETRICS_LEASE_LIMIT: 'many more' is not");
}

TEST_F(OptionsTest, TheAgentChecksTheKeysOfWorkers) {
  const auto check = [&](const std::string& text) {
    WriteIni(text);
    const testing::Ended ended =
        testing::RunProgram({SHMETRICS_AGENT, "--config.check", "--config.file", ini_});
    return ended.output + ended.errors + "exit code " + std::to_string(ended.code);
  };
  EXPECT_THAT(
      check("[segment]\nsegment_bytes = 16777216\nworker_name = encoder\nshared_pid_namespaces = true\n"),
      StartsWith("ok"));
  EXPECT_THAT(
      check("[segment]\nworker_slots = few\n"),
      ::testing::AllOf(HasSubstr("line 2: [segment] worker_slots: 'few' is not"), HasSubstr("exit code 2")));
  EXPECT_THAT(check("[segment]\nslots = 5\n"), HasSubstr("line 2: [segment] slots: no such key; there are"));
  EXPECT_THAT(check("[Segment]\nworker_slots = 5\n"), HasSubstr("no such section; write [segment]"));
  EXPECT_THAT(check("[segment]\nseries_limit = 100\nfamily_series_limit = 200\n"),
              HasSubstr("[segment]: series limit of a family is 200"));
  setenv("SHMETRICS_TRUSTED_OWNER", "no such user", 1);
  EXPECT_THAT(check(""), HasSubstr("$SHMETRICS_TRUSTED_OWNER: 'no such user' is not a user"));
}

TEST_F(OptionsTest, AgentAndWorkersFindOneSegmentWhoeverNamesIt) {
  WriteIni("[segment]\npath = " + folder_ + "/of-the-file\n[web]\nlisten_address = 127.0.0.1:0\n");
  Registry::open({}).counter({.name = "requests_total"}).inc();
  testing::Program agent({SHMETRICS_AGENT});
  EXPECT_TRUE(agent.WaitForText("serves " + segment_)) << "the environment wins over the file, as in workers";
}

/// Prints the status of a registry. Run by the test below, in a copy of this program.
TEST(ProgramOfMoreRights, DISABLED_SaysWhatItIgnores) {
  const RegistryStatus status = Registry::open({}).status();
  printf("segment %s\nignored %s\n", status.segment.c_str(), status.ignored_environment.c_str());
}

TEST_F(OptionsTest, AProgramOfMoreRightsThanItsUserNamesTheVariablesThatItIgnores) {
  EXPECT_EQ(StatusOf().ignored_environment, "");
  if (geteuid() != 0) GTEST_SKIP() << "only root can make such a program";
  char name[] = "/tmp/shmetrics-options-XXXXXX";
  const std::string folder = mkdtemp(name);
  const std::string program = folder + "/program";
  std::filesystem::copy_file("/proc/self/exe", program);
  chmod(folder.c_str(), 0755);
  chmod(program.c_str(), 04755);  // set-user-id root
  setenv("SHMETRICS_WORKER_SLOTS", "20", 1);
  setenv("SHMETRICS_CONFIG", "/nowhere.ini", 1);
  const std::string said =
      testing::RunProgram({"setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", program,
                           "--gtest_also_run_disabled_tests", "--gtest_filter=ProgramOfMoreRights.*"})
          .output;
  std::filesystem::remove_all(folder);
  EXPECT_THAT(said,
              HasSubstr("ignored $SHMETRICS_CONFIG, $SHMETRICS_SEGMENT, $SHMETRICS_WORKER_SLOTS: ignored, "
                        "because this program has more rights than its user"));
  EXPECT_EQ(said.find("segment " + segment_), std::string::npos) << said;
}

/// The first cells of the table of options in client-lib/README.md.
std::vector<std::string> OptionsInReadme() {
  std::ifstream readme(SHMETRICS_SOURCE_DIR "/client-lib/README.md");
  std::vector<std::string> options;
  bool is_in_table = false;
  for (std::string line; std::getline(readme, line);) {
    if (line.starts_with("| option |")) is_in_table = true;
    if (is_in_table && line.empty()) break;
    if (is_in_table && line.starts_with("| `")) options.push_back(line.substr(3, line.find('`', 3) - 3));
  }
  return options;
}

TEST(OptionsTableTest, TheReadmeHasEachOptionOnce) {
  // Does not compile if an option has been added: it needs a row in SegmentSettings() and in the README.
  const auto& [segment, worker_name, trusted_owner, segment_bytes, series_limit, family_series_limit,
               worker_slots, max_cpu_stripes, lease_limit, ledger_limit, shared_pid_namespaces,
               private_decisions] = RegistryOptions{};
  std::vector<std::string> options;
  for (const config::SegmentSetting& setting : config::SegmentSettings()) {
    options.emplace_back(setting.key == "path" ? "segment" : setting.key);
    std::string variable = "SHMETRICS_" + options.back();
    std::ranges::transform(variable, variable.begin(), [](unsigned char c) { return std::toupper(c); });
    EXPECT_EQ(setting.variable, variable) << "the documents say how it is made";
  }
  EXPECT_EQ(options.size(), 12U);
  EXPECT_THAT(OptionsInReadme(), ::testing::UnorderedElementsAreArray(options));
}

}  // namespace
}  // namespace shmetrics

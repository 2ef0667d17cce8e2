// Fault A8. Workers go on with their defaults if the environment is wrong, and say so in their status, which
// nobody may read. So the agent, which reads the same variables, refuses to start, as --config.check says.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/support/private_folder.h"
#include "tests/support/program.h"

namespace shmetrics {
namespace {

using testing::Ended;
using testing::RunProgram;
using ::testing::StartsWith;

class BrokenEnvironmentTest : public ::testing::Test {
 protected:
  std::string Check() const {
    const Ended ended =
        RunProgram({"timeout", "20", SHMETRICS_AGENT, "--config.check", "--config.file", ini_});
    EXPECT_EQ(ended.code, ended.output.empty() ? 2 : 0) << ended.errors;
    return ended.output + ended.errors;
  }

  const testing::PrivateFolder folder_;
  const std::string ini_ = folder_ / "t.ini";
};

TEST_F(BrokenEnvironmentTest, TiersInTheEnvironmentThatAreBrokenStopTheAgentAsTheCheckSays) {
  std::ofstream(ini_) << "";
  const std::string variable = "AUDIO_TIER_LIMITS_JSON";
  for (const char* const json :
       {"{\"free\"", "[]", "{\"free\":{\"daily_minutes\":-5}}", "{\"free\":{\"daily_minutes\":true}}",
        "{\"free\":{}}x", "{\"x\\nlevel=info\":{}}", "{\"free\":{\"daily_minutes\":1e400}}"}) {
    setenv(variable.c_str(), json, 1);
    EXPECT_THAT(Check(), StartsWith("shmetrics-agent: $" + variable + ": ")) << json;
    const Ended started =
        RunProgram({"timeout", "20", SHMETRICS_AGENT, "--config.file", ini_, "--segment.path",
                    folder_ / "segment", "--web.listen-address", "127.0.0.1:0"});
    EXPECT_EQ(started.code, 2) << json;
    EXPECT_THAT(started.errors, StartsWith("shmetrics-agent: $" + variable + ": ")) << json;
  }
  unsetenv(variable.c_str());
  EXPECT_EQ(Check(), "ok\n");
}

// Workers read these by the same table.
TEST_F(BrokenEnvironmentTest, AnOptionThatOnlyWorkersUseStopsTheAgentToo) {
  std::ofstream(ini_) << "[segment]\nseries_limit = 100\n";
  setenv("SHMETRICS_WORKER_SLOTS", "many", 1);
  EXPECT_THAT(Check(), StartsWith("shmetrics-agent: $SHMETRICS_WORKER_SLOTS: 'many' is not a whole number"));
  unsetenv("SHMETRICS_WORKER_SLOTS");
  setenv("SHMETRICS_FAMILY_SERIES_LIMIT", "5000", 1);
  EXPECT_THAT(Check(), StartsWith("shmetrics-agent: " + ini_ + ": [segment] with the environment: "));
  unsetenv("SHMETRICS_FAMILY_SERIES_LIMIT");
  EXPECT_EQ(Check(), "ok\n");
}

}  // namespace
}  // namespace shmetrics

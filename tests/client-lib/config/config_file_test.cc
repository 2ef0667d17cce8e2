#include "client-lib/config/config_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tests/support/private_folder.h"

namespace shmetrics::config {
namespace {

class ConfigFileTest : public ::testing::Test {
 protected:
  ConfigFileTest() { unsetenv("SHMETRICS_CONFIG"); }
  ~ConfigFileTest() override { unsetenv("SHMETRICS_CONFIG"); }

  testing::PrivateFolder folder_;
};

TEST_F(ConfigFileTest, IsTheOneThatTheEnvironmentNames) {
  setenv("SHMETRICS_CONFIG", "/from/environment", 1);
  EXPECT_EQ(ConfigFile(), "/from/environment");
}

TEST_F(ConfigFileTest, ThereIsNoneOnlyIfTheDefaultFileIsKnownToBeAbsent) {
  EXPECT_EQ(ConfigFile(folder_ / "none.ini"), std::nullopt);
  EXPECT_EQ(ConfigFile("/dev/null/none.ini"), std::nullopt);
  const std::string path = folder_ / "dangling.ini";
  std::filesystem::create_symlink("nowhere", path);
  EXPECT_EQ(ConfigFile(path), path);
  // Stands for EACCES, which root never gets.
  std::filesystem::create_symlink("loop", folder_ / "loop");
  EXPECT_EQ(ConfigFile(folder_ / "loop/x.ini"), folder_ / "loop/x.ini");
}

}  // namespace
}  // namespace shmetrics::config

// Fault A3. Heads of every size over TCP, a Unix socket and TLS: one complete answer to each, within the limit
// and beyond it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "tests/support/agent.h"
#include "tests/support/certificate.h"
#include "tests/support/nightly.h"
#include "tests/support/private_folder.h"
#include "tests/support/program.h"

namespace shmetrics {
namespace {

using testing::Agent;
using testing::Ended;
using ::testing::HasSubstr;
using testing::PrivateFolder;

class HeadSizesTest : public ::testing::Test {
 protected:
  /// At night in steps of 64 bytes. By day in larger ones, with few divisors in common with what libraries grow by.
  static void Ask(std::vector<std::string> where, const std::string& small_step, const std::string& step) {
    where.insert(where.begin(), {"/usr/bin/python3", SHMETRICS_SOURCE_DIR "/tests/edges/head_sizes.py"});
    where.push_back(testing::IsNightly() ? "64" : small_step);
    where.push_back(testing::IsNightly() ? "64" : step);
    const Ended ended = testing::RunProgram(where);
    EXPECT_EQ(ended.code, 0) << ended.output << ended.errors;
    EXPECT_THAT(ended.output, HasSubstr(", 0 wrong"));
  }

  PrivateFolder folder_;
};

// Fault A3.
TEST_F(HeadSizesTest, OverTcpEverySizeGetsOneCompleteAnswer) {
  const Agent agent(SHMETRICS_AGENT, folder_ / "segment");
  Ask({"tcp", std::to_string(agent.port())}, "64", "576");
}

// Fault A3.
TEST_F(HeadSizesTest, OnAUnixSocketEverySizeGetsOneCompleteAnswer) {
  const Agent agent(SHMETRICS_AGENT, folder_ / "segment", 0,
                    {"--web.listen-address", "unix:" + folder_ / "http"});
  Ask({"unix", folder_ / "http"}, "320", "1728");
}

// Fault A3.
TEST_F(HeadSizesTest, OverTlsEverySizeGetsOneCompleteAnswer) {
  testing::MakeCertificate(folder_ / "certificate.pem", folder_ / "key.pem", "agent");
  std::ofstream(folder_ / "agent.ini") << "[web]\ntls_certificate = " << folder_ / "certificate.pem"
                                       << "\ntls_key = " << folder_ / "key.pem" << '\n';
  const Agent agent(SHMETRICS_AGENT, folder_ / "segment", 0, {"--config.file", folder_ / "agent.ini"});
  Ask({"tls", std::to_string(agent.port()), folder_ / "certificate.pem"}, "320", "1728");
}

}  // namespace
}  // namespace shmetrics

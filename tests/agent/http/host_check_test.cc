#include "agent/http/host_check.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <string>
#include <vector>

namespace shmetrics::agent {
namespace {

const ListenAddress kLoopback{"127.0.0.1", 8000};
const ListenAddress kEverywhere{"", 8000};

TEST(HostCheckTest, NumbersLocalhostAndTheAddressItselfAreAllowed) {
  for (const char* host :
       {"127.0.0.1", "127.0.0.1:8000", "127.0.0.1:1", "192.0.2.7:8000", "[::1]:8000", "[::1]",
        "[2001:db8::1]:8000", "localhost", "LocalHost:8000", "localhost.", "localhost.:8000", "localhost:"}) {
    EXPECT_TRUE(IsHostAllowed(host, kLoopback, {})) << host;
    EXPECT_TRUE(IsHostAllowed(host, kEverywhere, {})) << host;
  }
  EXPECT_TRUE(IsHostAllowed("metrics.example:9", {"Metrics.Example", 9}, {}));
}

// Fault 37.
TEST(HostCheckTest, ForeignNamesAndLookalikesAreRefused) {
  for (const char* host : {"evil.example",
                           "evil.example:8000",
                           "localhost.evil.example",
                           "evil.localhost",
                           "127.0.0.1.evil.example",
                           "127.0.0.1@evil.example",
                           "evil.example@127.0.0.1",
                           "127.1",
                           "0x7f000001",
                           "2130706433",
                           "0177.0.0.1",
                           "[::1].evil.example",
                           "[::1",
                           "::1]",
                           "[]",
                           "[evil.example]",
                           ":8000",
                           "",
                           ".",
                           "*",
                           "localhost:x",
                           "localhost:80:80",
                           "localhost ",
                           " localhost",
                           "localhost/",
                           "localhost,evil.example",
                           "local\thost"}) {
    EXPECT_FALSE(IsHostAllowed(host, kLoopback, {})) << host;
    EXPECT_FALSE(IsHostAllowed(host, kEverywhere, {})) << host;
    EXPECT_FALSE(IsHostAllowed(host, kLoopback, {"good.example"})) << host;
  }
}

TEST(HostCheckTest, ConfiguredNamesAreAllowedInAnyCaseAndWithTheirPort) {
  const std::vector<std::string> allowed = {"good.example", "Port.Example:8000"};
  for (const char* host :
       {"good.example", "GOOD.example:8000", "good.example:1", "good.example.", "port.example:8000"}) {
    EXPECT_TRUE(IsHostAllowed(host, kLoopback, allowed)) << host;
  }
  for (const char* host : {"evil.example", "good.example.evil", "xgood.example", "sub.good.example",
                           "port.example", "port.example:8001"}) {
    EXPECT_FALSE(IsHostAllowed(host, kLoopback, allowed)) << host;
  }
}

TEST(HostCheckTest, AStarAllowsEveryNameButNoNonsense) {
  EXPECT_TRUE(IsHostAllowed("evil.example:8000", kLoopback, {"*"}));
  EXPECT_FALSE(IsHostAllowed("evil.example:x", kLoopback, {"*"}));
}

TEST(HostCheckTest, TheMachinesNameIsAllowedOnlyWhereOthersCanAsk) {
  std::array<char, HOST_NAME_MAX + 1> name{};
  ASSERT_EQ(gethostname(name.data(), name.size() - 1), 0);
  const std::string host = std::string(name.data()) + ":8000";
  EXPECT_TRUE(IsHostAllowed(host, kEverywhere, {}));
  EXPECT_TRUE(IsHostAllowed(host, {"192.0.2.7", 8000}, {}));
  for (const char* loopback : {"127.0.0.1", "127.8.8.8", "::1", "localhost"}) {
    EXPECT_FALSE(IsHostAllowed(host, {loopback, 8000}, {})) << loopback;
  }
}

TEST(HostCheckTest, AUnixSocketTakesAnyHost) {
  EXPECT_TRUE(IsHostAllowed("evil.example", {.unix_path = "/run/x"}, {}));
  EXPECT_TRUE(IsHostAllowed("_", {.unix_path = "/run/x"}, {}));
}

}  // namespace
}  // namespace shmetrics::agent

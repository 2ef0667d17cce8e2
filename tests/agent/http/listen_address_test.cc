#include "agent/http/listen_address.h"

#include <gtest/gtest.h>

namespace shmetrics::agent {
namespace {

TEST(ListenAddressTest, HostAndPortAreReadAndPrinted) {
  for (const char* text : {"127.0.0.1:8000", ":8000", "[::1]:8000", "localhost:0", "[::]:65535",
                           "unix:/run/x", "unix:/a b:[c"}) {
    const auto address = ParseListenAddress(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(ToString(*address), text);
  }
  EXPECT_EQ(ParseListenAddress("[::1]:8000"), (ListenAddress{"::1", 8000}));
  EXPECT_EQ(ParseListenAddress(":9"), (ListenAddress{"", 9}));
  EXPECT_EQ(ParseListenAddress("unix:/run/x"), (ListenAddress{.unix_path = "/run/x"}));
}

TEST(ListenAddressTest, EverythingElseIsRefused) {
  for (const char* text : {"",
                           "8000",
                           "localhost",
                           "localhost:",
                           "localhost:http",
                           "localhost:65536",
                           "localhost:-1",
                           "localhost:80 ",
                           "::1:8000",
                           "[::1]",
                           "[::1:8000",
                           "::1]:8000",
                           "[]:80",
                           "[host]:80",
                           "a b:80",
                           ":+80",
                           "unix:",
                           "unix:/",
                           "unix:run/x",
                           "unix:/run/"}) {
    EXPECT_FALSE(ParseListenAddress(text)) << text;
  }
}

}  // namespace
}  // namespace shmetrics::agent

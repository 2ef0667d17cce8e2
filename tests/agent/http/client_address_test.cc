#include "agent/http/client_address.h"

#include <gtest/gtest.h>

#include <string>

namespace shmetrics::agent {
namespace {

AddressRange Range(const std::string& text) {
  const auto range = ParseAddressRange(text);
  EXPECT_TRUE(range) << text;
  return range.value_or(AddressRange());
}

TEST(ClientAddressTest, AddressesAndNetworksAreParsedAndWritten) {
  for (const char* text : {"192.0.2.7", "192.0.2.0/24", "0.0.0.0/0", "::1", "2001:db8::/32", "::/0"}) {
    EXPECT_EQ(ToString(Range(text)), text);
  }
  for (const char* text : {"", "x", "192.0.2", "192.0.2.7/", "192.0.2.7/33", "192.0.2.7/24", "::/129",
                           "::/-1", "::/1x", "fe80::1%eth0", "192.0.2.7:80", "::/4294967295"}) {
    EXPECT_FALSE(ParseAddressRange(text)) << text;
  }
}

TEST(ClientAddressTest, ANetworkContainsItsAddressesAndItsParts) {
  EXPECT_TRUE(Range("192.0.2.0/24").Contains(Range("192.0.2.255")));
  EXPECT_TRUE(Range("192.0.2.0/24").Contains(Range("192.0.2.128/25")));
  EXPECT_TRUE(Range("192.0.2.0/24").Contains(Range("::ffff:192.0.2.1"))) << "as a socket on :: sees it";
  EXPECT_FALSE(Range("192.0.2.0/24").Contains(Range("192.0.3.0")));
  EXPECT_FALSE(Range("192.0.2.0/24").Contains(Range("192.0.0.0/16")));
  EXPECT_FALSE(Range("0.0.0.0/0").Contains(Range("2001:db8::1")));
}

TEST(ClientAddressTest, AClientIsItsAddressAndWithIpv6ItsNetwork) {
  EXPECT_EQ(ClientName("192.0.2.7", {}, {}), "192.0.2.7");
  EXPECT_EQ(ClientName("::ffff:192.0.2.7", {}, {}), "192.0.2.7");
  EXPECT_EQ(ClientName("2001:db8:1:2:3:4:5:6", {}, {}), ClientName("2001:db8:1:2::9", {}, {}));
  EXPECT_NE(ClientName("2001:db8:1:2::9", {}, {}), ClientName("2001:db8:1:3::9", {}, {}));
  EXPECT_EQ(ClientName("fe80::1%eth0", {}, {}), ClientName("fe80::2%eth1", {}, {}));
  EXPECT_EQ(ClientName("user 1000", {"192.0.2.7"}, {Range("0.0.0.0/0")}), "user 1000");
}

// Fault A2.
TEST(ClientAddressTest, OnlyATrustedProxySaysWhoTheClientIs) {
  const std::vector<AddressRange> trusted = {Range("10.0.0.0/8"), Range("2001:db8::1")};
  EXPECT_EQ(ClientName("192.0.2.1", {"198.51.100.1"}, trusted), "192.0.2.1");
  EXPECT_EQ(ClientName("192.0.2.1", {"198.51.100.1"}, {}), "192.0.2.1");
  EXPECT_EQ(ClientName("10.1.1.1", {"198.51.100.1"}, trusted), "198.51.100.1");
  EXPECT_EQ(ClientName("10.1.1.1", {}, trusted), "10.1.1.1");
  EXPECT_EQ(ClientName("10.1.1.1", {"203.0.113.5, 198.51.100.1"}, trusted), "198.51.100.1")
      << "what a stranger wrote before it counts for nothing";
  EXPECT_EQ(ClientName("10.1.1.1", {"203.0.113.5", "198.51.100.1, 10.2.2.2"}, trusted), "198.51.100.1")
      << "through two proxies, in two headers";
  EXPECT_EQ(ClientName("10.1.1.1", {"203.0.113.5, unknown"}, trusted), "10.1.1.1");
  EXPECT_EQ(ClientName("10.1.1.1", {"198.51.100.1:443"}, trusted), "198.51.100.1");
  EXPECT_EQ(ClientName("2001:db8::1", {"[2001:db8:9::5]:443"}, trusted), ClientName("2001:db8:9::", {}, {}));
  EXPECT_EQ(ClientName("10.1.1.1", {" , ,"}, trusted), "10.1.1.1");
  EXPECT_EQ(ClientName("10.1.1.1", {"10.3.3.3"}, trusted), "10.3.3.3") << "all are proxies";
}

}  // namespace
}  // namespace shmetrics::agent

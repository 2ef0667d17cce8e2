#include "agent/http/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "shm/base/unique_fd.h"
#include "tests/support/http_client.h"
#include "tests/support/private_folder.h"

namespace shmetrics::agent {
namespace {

using ::testing::HasSubstr;

TEST(ListenerTest, PortZeroGivesAFreePortAndTellsWhich) {
  const Result<Listener> listener = Listen({"127.0.0.1", 0});
  ASSERT_TRUE(listener.ok()) << listener.error().message;
  const shm::UniqueFd fd(listener->fd);
  EXPECT_NE(listener->address.port, 0);
}

TEST(ListenerTest, APortInUseIsRefusedByNameAndReason) {
  const Result<Listener> first = Listen({"127.0.0.1", 0});
  ASSERT_TRUE(first.ok());
  const shm::UniqueFd fd(first->fd);
  const Result<Listener> second = Listen({"127.0.0.1", first->address.port});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().message,
            "cannot listen on 127.0.0.1:" + std::to_string(first->address.port) + ": Address already in use");
}

TEST(ListenerTest, AnAddressOfAnotherMachineIsRefused) {
  const Result<Listener> listener = Listen({"192.0.2.1", 0});
  ASSERT_FALSE(listener.ok());
  EXPECT_THAT(listener.error().message, HasSubstr("192.0.2.1:0: Cannot assign requested address"));
}

TEST(ListenerTest, AnEmptyHostListensForIpv4) {
  const Result<Listener> listener = Listen({"", 0});
  ASSERT_TRUE(listener.ok()) << listener.error().message;
  const shm::UniqueFd fd(listener->fd);
  EXPECT_FALSE(Listen({"127.0.0.1", listener->address.port}).ok()) << "the port is taken for IPv4 too";
}

TEST(ListenerTest, AUnixSocketIsRemovedWithItsListenerUnlessItWasOpenedElsewhere) {
  const testing::PrivateFolder folder;
  const Result<Listener> listener = Listen({.unix_path = folder / "http"});
  ASSERT_TRUE(listener.ok()) << listener.error().message;
  EXPECT_TRUE(testing::Connect(folder / "http").valid());
  Listener from_systemd = listener.value();
  from_systemd.fd = dup(listener->fd);
  from_systemd.file = -1;
  Close(from_systemd);
  EXPECT_TRUE(std::filesystem::exists(folder / "http"));
  Close(listener.value());
  EXPECT_FALSE(std::filesystem::exists(folder / "http"));
}

TEST(ListenerTest, AUnixSocketThatCannotBeMadeIsRefusedByNameAndReason) {
  const Result<Listener> listener = Listen({.unix_path = "/proc/http"});
  ASSERT_FALSE(listener.ok());
  EXPECT_THAT(listener.error().message, ::testing::StartsWith("cannot listen on unix:/proc/http: "));
}

// Fault A13.
TEST(ListenerTest, LocalhostIsBothAddressFamiliesOnOnePort) {
  const Result<std::vector<Listener>> listeners = ListenOnAll({"localhost", 0});
  ASSERT_TRUE(listeners.ok()) << listeners.error().message;
  const Result<Listener> v6 = Listen({"::1", 0});
  ASSERT_EQ(listeners->size(), v6.ok() ? 2U : 1U) << "a machine may have no IPv6";
  for (const Listener& listener : listeners.value()) {
    EXPECT_EQ(listener.address, listeners->front().address);
    EXPECT_FALSE(Listen({"127.0.0.1", listener.address.port}).ok());
    EXPECT_FALSE(Listen({"::1", listener.address.port}).ok());
  }
  if (v6.ok()) {
    const Result<std::vector<Listener>> taken = ListenOnAll({"localhost", v6->address.port});
    ASSERT_FALSE(taken.ok());
    EXPECT_EQ(taken.error().message,
              "cannot listen on [::1]:" + std::to_string(v6->address.port) + ": Address already in use");
    Close(v6.value());
  }
  for (const Listener& listener : listeners.value()) Close(listener);
}

}  // namespace
}  // namespace shmetrics::agent

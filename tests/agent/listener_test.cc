#include "agent/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "shm/unique_fd.h"

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

}  // namespace
}  // namespace shmetrics::agent

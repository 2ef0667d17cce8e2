// Fault A2: the order in which passwords are checked, so that guessers keep nobody out.

#include "agent/http/password_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace shmetrics::agent {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PasswordQueueTest : public ::testing::Test {
 protected:
  std::string Add(const std::string& client, const std::string& name = "u", const std::string& mark = "") {
    PasswordRequest request{.client = client, .name = name, .password = mark, .candidate = {}, .answer = {}};
    request.digest[0] = static_cast<std::uint8_t>(mark.empty() ? 0 : mark[0]);
    request.since = now_;
    const auto turned_away = queue_.Add(std::move(request), now_);
    return turned_away ? turned_away->client + turned_away->password : "";
  }
  void Fail(const std::string& client, const std::string& name = "u") {
    queue_.Record({.client = client, .name = name, .password = {}, .candidate = {}, .answer = {}}, false,
                  now_);
    now_ += seconds(1);
  }
  /// The clients and marks in the order in which they are taken, each ended before the next begins.
  std::vector<std::string> Order() {
    std::vector<std::string> order;
    while (const auto taken = queue_.TakeFirst(now_)) {
      order.push_back(taken->client + taken->password);
      queue_.Finish(*taken);
    }
    return order;
  }

  PasswordQueue queue_{6};
  PasswordQueue::Clock::time_point now_ = PasswordQueue::Clock::now();
};

TEST_F(PasswordQueueTest, EachAddressHasItsFirstPlaceBeforeAnyHasItsSecond) {
  for (const char* mark : {"1", "2", "3"}) Add("a", "u", mark);
  Add("b", "u", "1");
  Add("c", "u", "1");
  std::vector<std::string> order;
  std::vector<PasswordRequest> checked;
  while (auto taken = queue_.TakeFirst(now_)) {
    order.push_back(taken->client + taken->password);
    checked.push_back(std::move(*taken));  // still being checked, so it holds its address's place
  }
  EXPECT_THAT(order, ElementsAre("a1", "b1", "c1", "a2", "a3"));
}

TEST_F(PasswordQueueTest, NewAddressesComeBeforeThoseThatFailedAndThoseThatFailedLongestAgoBeforeTheOthers) {
  for (const char* client : {"late", "early"}) Add(client);
  Fail("early");
  Fail("late");
  Add("new");
  EXPECT_THAT(Order(), ElementsAre("new", "early", "late"));
}

TEST_F(PasswordQueueTest, AFailedAddressHasItsFirstPlaceBeforeTheSecondOfANewOne) {
  Fail("failed");
  Add("new", "u", "1");
  Add("new", "u", "2");
  Add("failed");
  const auto first = queue_.TakeFirst(now_);
  EXPECT_EQ(first->client, "new");
  EXPECT_EQ(queue_.TakeFirst(now_)->client, "failed");
}

TEST_F(PasswordQueueTest, BehindOneProxyANameThatDidNotFailThereComesFirst) {
  Fail("proxy", "admin");
  for (const char* mark : {"1", "2", "3"}) Add("proxy", "admin", mark);
  Add("proxy", "scraper", "s");
  EXPECT_THAT(Order(), ElementsAre("proxys", "proxy1", "proxy2", "proxy3"));
}

TEST_F(PasswordQueueTest, ANameThatFailedElsewhereIsNoWorse) {
  Fail("guesser", "scraper");
  Add("a", "other", "1");
  Add("a", "scraper", "2");
  EXPECT_THAT(Order(), ElementsAre("a1", "a2"));
}

TEST_F(PasswordQueueTest, TheLastNewcomerIsTakenAndNobodyElse) {
  Fail("failed");
  Add("failed");
  EXPECT_FALSE(queue_.TakeLastNewcomer(now_));
  for (const char* client : {"a", "b", "c"}) Add(client, "u", "1");
  Add("c", "u", "2");
  EXPECT_EQ(queue_.TakeLastNewcomer(now_)->client, "c");
  EXPECT_EQ(queue_.TakeLastNewcomer(now_)->client, "b") << "c has its place";
}

TEST_F(PasswordQueueTest, TheLeastDeservingIsTurnedAway) {
  Fail("failed");
  for (const char* client : {"a", "b", "c", "d", "failed"}) Add(client, "u", "1");
  EXPECT_EQ(Add("a", "u", "2"), "");
  EXPECT_EQ(Add("e", "u", "1"), "a2") << "a second place";
  EXPECT_EQ(Add("f", "u", "1"), "failed1");
  EXPECT_EQ(Add("failed", "u", "1"), "failed1") << "also if it comes last";
  EXPECT_EQ(Add("g", "u", "1"), "d1") << "of newcomers the one in the middle";
  EXPECT_THAT(Order(), ElementsAre("a1", "b1", "c1", "e1", "f1", "g1"));
}

TEST_F(PasswordQueueTest, OneCheckEndsThoseThatAreAlike) {
  for (const char* client : {"a", "b", "c"}) Add(client, "u", "x");
  Add("d", "other", "x");
  Add("e", "u", "y");
  const auto checked = queue_.TakeFirst(now_);
  std::vector<std::string> alike;
  for (const PasswordRequest& request : queue_.TakeAlike(*checked)) alike.push_back(request.client);
  EXPECT_THAT(alike, ElementsAre("b", "c"));
  EXPECT_THAT(Order(), ElementsAre("dx", "ey"));
}

TEST_F(PasswordQueueTest, ThoseThatWaitTooLongAreFound) {
  Add("a");
  now_ += seconds(10);
  Add("b");
  const auto old = queue_.TakeOlderThan(now_ - seconds(5));
  ASSERT_EQ(old.size(), 1U);
  EXPECT_EQ(old[0].client, "a");
  EXPECT_THAT(Order(), ElementsAre("b"));
  EXPECT_THAT(queue_.TakeOlderThan(PasswordQueue::Clock::time_point::max()), IsEmpty());
}

TEST_F(PasswordQueueTest, WhoeverIsRightIsNoGuesserAnyMore) {
  Fail("a");
  queue_.Record({.client = "a", .name = "u", .password = {}, .candidate = {}, .answer = {}}, true, now_);
  Add("a");
  EXPECT_TRUE(queue_.TakeLastNewcomer(now_));
}

}  // namespace
}  // namespace shmetrics::agent

#include "client-lib/binding/detached_leases.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/support/child.h"

namespace shmetrics::internal {
namespace {

using testing::RunInChild;

constexpr std::int64_t kMillisecondNs = 1'000'000, kHourNs = 3'600'000'000'000;

/// Leases of two families of this test's own, because the whole process shares the table.
class DetachedLeasesTest : public ::testing::Test {
 protected:
  Result<std::uint64_t> Acquire(std::string_view user, std::optional<std::uint32_t> limit = {},
                                std::int64_t ttl_ns = 0) const {
    return DetachedLeases::Acquire(family_, {&user, 1}, {limit, ttl_ns});
  }
  std::uint64_t CountLive(std::string_view user) const {
    return DetachedLeases::CountLive(family_, {&user, 1});
  }

  char places_[2] = {};
  /// Only their addresses matter.
  const FamilyBinding* const family_ = reinterpret_cast<const FamilyBinding*>(&places_[0]);
  const FamilyBinding* const other_family_ = reinterpret_cast<const FamilyBinding*>(&places_[1]);
};

void SleepMs(int milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

TEST_F(DetachedLeasesTest, EachKeyOfEachFamilyIsLimitedByItself) {
  const std::uint64_t first = Acquire("limits", 2).value();
  ASSERT_TRUE(Acquire("limits", 2).ok());
  const Result<std::uint64_t> third = Acquire("limits", 2);
  ASSERT_FALSE(third.ok());
  EXPECT_EQ(third.error().code, ErrorCode::kLimitReached);
  EXPECT_TRUE(Acquire("limit", 2).ok()) << "a key that the other begins with";
  const std::string_view user = "limits";
  EXPECT_EQ(DetachedLeases::CountLive(other_family_, {&user, 1}), 0U);
  EXPECT_EQ(CountLive("limits"), 2U);
  EXPECT_TRUE(DetachedLeases::Release(first));
  EXPECT_TRUE(Acquire("limits", 2).ok());
}

TEST_F(DetachedLeasesTest, ALimitOfZeroAdmitsNoneAndNoLimitAny) {
  EXPECT_EQ(Acquire("zero", 0).error().code, ErrorCode::kLimitReached);
  for (int i = 0; i < 100; i++) ASSERT_TRUE(Acquire("any").ok());
  EXPECT_EQ(CountLive("any"), 100U);
}

TEST_F(DetachedLeasesTest, KeysOfSeveralValuesDifferInEach) {
  const std::string_view keys[][2] = {{"a", "b"}, {"b", "a"}, {"ab", ""}, {"a", "c"}};
  for (const auto& key : keys) EXPECT_TRUE(DetachedLeases::Acquire(family_, key, {.limit = 1}).ok());
  for (const auto& key : keys) EXPECT_EQ(DetachedLeases::CountLive(family_, key), 1U);
}

TEST_F(DetachedLeasesTest, AnExpiredLeaseHasEndedForEverybody) {
  const std::uint64_t lease = Acquire("brief", 1, kMillisecondNs).value();
  SleepMs(5);
  EXPECT_FALSE(DetachedLeases::IsLive(lease));
  EXPECT_EQ(CountLive("brief"), 0U);
  EXPECT_FALSE(DetachedLeases::Renew(lease, kHourNs)) << "it must not come back";
  EXPECT_FALSE(DetachedLeases::IsLive(lease));
  EXPECT_FALSE(DetachedLeases::Release(lease));
  EXPECT_TRUE(Acquire("brief", 1).ok());
}

TEST_F(DetachedLeasesTest, ARenewalMovesTheDeadlineAndNeverBackAndAQuestionDoesNotMoveIt) {
  const std::uint64_t renewed = Acquire("renewed", {}, 50 * kMillisecondNs).value();
  const std::uint64_t asked = Acquire("asked", {}, 50 * kMillisecondNs).value();
  ASSERT_TRUE(DetachedLeases::Renew(renewed, kHourNs));
  EXPECT_TRUE(DetachedLeases::Renew(renewed, kMillisecondNs));
  EXPECT_TRUE(DetachedLeases::Renew(asked, 0));
  testing::WaitUntil([&] { return !DetachedLeases::IsLive(asked); });
  EXPECT_TRUE(DetachedLeases::IsLive(renewed));
}

TEST_F(DetachedLeasesTest, ATtlBeyondTheEndOfTimeIsNone) {
  const std::uint64_t lease = Acquire("for ever", 1, std::numeric_limits<std::int64_t>::max()).value();
  EXPECT_TRUE(DetachedLeases::IsLive(lease));
  EXPECT_TRUE(DetachedLeases::Renew(lease, std::numeric_limits<std::int64_t>::max()));
  EXPECT_TRUE(DetachedLeases::IsLive(lease));
}

TEST_F(DetachedLeasesTest, ANumberNamesOneLeaseForEver) {
  const std::uint64_t first = Acquire("number", 1).value();
  ASSERT_TRUE(DetachedLeases::Release(first));
  const std::uint64_t second = Acquire("number", 1).value();
  EXPECT_NE(first, second);
  EXPECT_FALSE(DetachedLeases::Release(first));
  EXPECT_FALSE(DetachedLeases::Renew(first, kHourNs));
  EXPECT_TRUE(DetachedLeases::IsLive(second));
}

// Fault 15.
TEST_F(DetachedLeasesTest, AChildHasNoneOfItsParentsAndTakesNoneOfTheirNumbers) {
  const std::uint64_t lease = Acquire("parent", 1).value();
  EXPECT_EQ(RunInChild([&] {
              EXPECT_FALSE(DetachedLeases::IsLive(lease));
              EXPECT_FALSE(DetachedLeases::Release(lease));
              const Result<std::uint64_t> own = Acquire("parent", 1);
              ASSERT_TRUE(own.ok()) << own.error().message;
              EXPECT_NE(own.value(), lease) << "else the parent's handle would name the child's";
              EXPECT_EQ(CountLive("parent"), 1U);
            }),
            0);
  EXPECT_TRUE(DetachedLeases::IsLive(lease));
  EXPECT_EQ(CountLive("parent"), 1U);
}

TEST_F(DetachedLeasesTest, ThreadsNeverPassTheLimitTogether) {
  std::atomic<int> inside = 0, admitted = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; i++) {
        const Result<std::uint64_t> lease = Acquire("threads", 2);
        if (!lease.ok()) continue;
        EXPECT_LE(++inside, 2);
        admitted++;
        std::this_thread::yield();
        --inside;
        EXPECT_TRUE(DetachedLeases::Release(lease.value()));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(admitted.load(), 0);
  EXPECT_EQ(CountLive("threads"), 0U);
}

}  // namespace
}  // namespace shmetrics::internal

// Fault L3. The kernel does not say which owners of leases are alive. Then nothing is decided and no number is
// given: that an owner cannot be asked about does not make it alive.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <utility>
#include <vector>

#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/refused_question.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using testing::Child;
using ::testing::HasSubstr;
using testing::LiveOf;

class UnansweredQuestionTest : public testing::RegistryFixture {
 protected:
  /// A process takes `leases` leases and dies. Another, to which the kernel then tells nothing, does `ask`.
  /// Returns how that one ended.
  int AskAboutTheDead(int leases, const std::function<void()>& ask) const {
    const testing::SharedPage<std::atomic<int>> step;
    Child asker([&] {
      // It has a slot of its own, and not the one that becomes free: that would say enough.
      (void)registry_.lease_gauge({.name = "other"}).try_acquire({});
      *step = 1;
      testing::WaitUntil([&] { return *step == 3; });
      ASSERT_TRUE(testing::RefuseToTellOwners());
      ask();
    });
    testing::WaitUntil([&] { return *step == 1; });
    Child owner([&] {
      std::vector<Lease> held;
      for (int i = 0; i < leases; i++) held.push_back(std::move(streams_.try_acquire({}).value()));
      *step = 2;
      pause();
    });
    testing::WaitUntil([&] { return *step == 2; });
    owner.Kill();
    *step = 3;
    return asker.Wait();
  }
  template <class T>
  static void ExpectTold(const Result<T>& result) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::kNotOpenable);
    EXPECT_THAT(result.error().message, HasSubstr("cannot be asked whether the owners of leases are alive"));
  }

  Registry& registry_ = [this]() -> Registry& {
    RegistryOptions options = Options();
    options.lease_limit = 512;
    return Registry::open(options);
  }();
  const LeaseGaugeFamily streams_ = registry_.lease_gauge({.name = "streams"});
};

TEST_F(UnansweredQuestionTest, ALimitThatADeadOwnerMayFillIsNotReachedButNotDecided) {
  EXPECT_EQ(AskAboutTheDead(1, [&] { ExpectTold(streams_.try_acquire({}, {.limit = 1})); }), 0);
  EXPECT_EQ(Read().Refusals(shm::layout::Refusal::kNotOpenable), 1U);
  EXPECT_TRUE(streams_.try_acquire({}, {.limit = 1}).ok()) << "the owner is dead";
}

TEST_F(UnansweredQuestionTest, TheNumberOfLivingLeasesIsNotGuessed) {
  EXPECT_EQ(AskAboutTheDead(1, [&] { ExpectTold(streams_.live({})); }), 0);
  EXPECT_EQ(Read().Refusals(shm::layout::Refusal::kNotOpenable), 1U);
  EXPECT_EQ(LiveOf(streams_), 0U);
}

TEST_F(UnansweredQuestionTest, ATableThatTheDeadMayFillIsNotFullButNotDecided) {
  EXPECT_EQ(AskAboutTheDead(512, [&] { ExpectTold(streams_.try_acquire({})); }), 0);
  EXPECT_TRUE(streams_.try_acquire({}).ok());
}

}  // namespace
}  // namespace shmetrics

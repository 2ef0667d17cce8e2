#include "client-lib/audio/model_announcements.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "client-lib/binding/lease_binding.h"
#include "shm/snapshot/snapshot.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics::audio {
namespace {

using testing::Child;
using testing::RunInChild;

class ModelAnnouncementsTest : public testing::RegistryFixture {
 protected:
  Result<void> Announce(std::string_view model) {
    return announcements_.Announce(models_, Attachment(), model);
  }
  /// The segment in use, as Quota sees it when it announces.
  const internal::Attachment* Attachment() const {
    const internal::Registration* registration = internal::LeaseBinding::Of(models_).Registered();
    return registration == nullptr ? nullptr : registration->attachment;
  }
  std::optional<double> Shown(const std::string& model) const {
    return Read().Gauge("models{model=\"" + model + "\"}");
  }
  LeaseGaugeFamily Models(RegistryOptions options) const {
    return Registry::open(std::move(options)).lease_gauge({.name = "models", .labels = {"model"}});
  }

  const LeaseGaugeFamily models_ = Models(Options());
  /// Never freed, as in a Quota, because the leases end with the process.
  static ModelAnnouncements& NewAnnouncements() {
    static auto& all = *new std::deque<ModelAnnouncements>;  // so that LeakSanitizer sees them
    return all.emplace_back();
  }
  ModelAnnouncements& announcements_ = NewAnnouncements();
};

TEST_F(ModelAnnouncementsTest, EachModelCountsOnceForAProcessHoweverOftenItIsAnnounced) {
  for (int i = 0; i < 3; i++) {
    ASSERT_TRUE(Announce("a").ok());
    ASSERT_TRUE(Announce("b").ok());
  }
  EXPECT_EQ(Shown("a"), 1);
  EXPECT_EQ(Shown("b"), 1);
  EXPECT_EQ(Read().snapshot().segment.leases, 2U);
}

// Faults 6 and 15.
TEST_F(ModelAnnouncementsTest, AChildAnnouncesItsOwnAndItsDeathLeavesItsParents) {
  ASSERT_TRUE(Announce("a").ok());
  const testing::SharedPage<std::atomic<int>> step;
  Child child([&] {
    EXPECT_TRUE(Announce("a").ok());
    EXPECT_TRUE(Announce("a").ok());
    EXPECT_TRUE(Announce("of the child").ok());
    step->store(1);
    for (;;) pause();
  });
  testing::WaitUntil([&] { return step->load() == 1; });
  EXPECT_EQ(Shown("a"), 2);
  EXPECT_EQ(Shown("of the child"), 1);
  child.Kill();
  EXPECT_EQ(Shown("a"), 1);
  EXPECT_FALSE(Read().Shows(R"(models{model="of the child"})"));
}

// Fault 26.
TEST_F(ModelAnnouncementsTest, AModelIsAnnouncedInTheNextSegmentAndNoLongerInTheOldOne) {
  ASSERT_TRUE(Announce("a").ok());
  testing::SegmentReading old = Read();
  std::filesystem::remove(segment_);
  testing::WaitUntil([&] { return Announce("a").ok() && std::filesystem::exists(segment_); });
  ASSERT_TRUE(Announce("a").ok());
  EXPECT_EQ(Shown("a"), 1);
  EXPECT_EQ(old.Again().Gauge(R"(models{model="a"})"), std::nullopt);
}

// Faults 21 and 26.
TEST_F(ModelAnnouncementsTest, WithoutASegmentAModelIsAnnouncedWhenOneAppears) {
  const std::string late = folder_ + "/late";
  const LeaseGaugeFamily models = Models({.segment = late + "/segment.v1"});
  const auto announce = [&] {
    const internal::Registration* registration = internal::LeaseBinding::Of(models).Registered();
    return announcements_.Announce(models, registration == nullptr ? nullptr : registration->attachment, "a");
  };
  ASSERT_EQ(announce().error().code, ErrorCode::kAbsent);
  std::filesystem::create_directory(late);
  std::filesystem::permissions(late, std::filesystem::perms::owner_all);
  testing::WaitUntil([&] { return announce().ok() && std::filesystem::exists(late + "/segment.v1"); });
  ASSERT_TRUE(announce().ok());
  EXPECT_EQ(testing::Read(late + "/segment.v1").Gauge(R"(models{model="a"})"), 1);
}

TEST_F(ModelAnnouncementsTest, ARefusedAnnouncementIsTriedAgainByTheNextCall) {
  const LeaseGaugeFamily models =
      Models({.segment = folder_ + "/small", .lease_limit = 512, .ledger_limit = 512});
  const internal::Attachment* attachment = internal::LeaseBinding::Of(models).Registered()->attachment;
  std::vector<Lease> held;
  for (Result<Lease> lease = models.try_acquire({"a"}); lease; lease = models.try_acquire({"a"})) {
    held.push_back(std::move(lease.value()));
  }
  const Result<void> refused = announcements_.Announce(models, attachment, "a");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kLeaseTableFull);
  held.clear();
  EXPECT_TRUE(announcements_.Announce(models, attachment, "a").ok());
  EXPECT_EQ(models.live({"a"}).value(), 1U);
}

TEST_F(ModelAnnouncementsTest, NamesThatNoScrapeShouldCarryAreRefused) {
  for (const std::string& model :
       {std::string(), std::string(257, 'x'), std::string("\xff"), std::string(1, '\0')}) {
    const Result<void> refused = Announce(model);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidLabels);
    EXPECT_EQ(refused.error().message.find("model refused"), 0U) << refused.error().message;
  }
  EXPECT_EQ(Read().snapshot().segment.leases, 0U);
}

TEST_F(ModelAnnouncementsTest, ThreadsThatAnnounceTheSameModelsAreCountedAsOne) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; i++) {
        const Result<void> announced = Announce("model " + std::to_string(i));
        EXPECT_TRUE(announced.ok() || announced.error().code == ErrorCode::kBusy)
            << announced.error().message;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 50; i++) EXPECT_EQ(Shown("model " + std::to_string(i)), 1) << i;
}

}  // namespace
}  // namespace shmetrics::audio

// What leases hold back in the ledger (fault U1).

#include "shm/leases/reserved_amount.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shm/leases/ledger.h"
#include "tests/support/child.h"
#include "tests/support/lessee.h"
#include "tests/support/private_folder.h"
#include "tests/support/whole_lease_index.h"

namespace shmetrics::shm {
namespace {

using testing::Lessee;

class ReservedAmountTest : public ::testing::Test {
 protected:
  Result<HeldLease> Reserve(Lessee& lessee, std::uint64_t amount, std::optional<std::uint64_t> limit) {
    reserved_ = {amount, [limit](std::uint32_t) { return limit; }, {}};
    Leases::Terms terms;
    terms.reserves = &reserved_;
    return lessee.AcquireOn("42", terms);
  }
  Ledger::Decision Spend(std::uint64_t amount, std::uint64_t limit) {
    return ledger_
        .Spend(key_, amount, Ledger::Intent::kSpend, [limit](std::uint32_t) { return std::optional(limit); })
        .value();
  }
  void ExpectWholeIndex() {
    for (std::uint32_t shard = 0; shard < layout::kLeaseShards; shard++)
      testing::ExpectWholeLeaseIndex(lessee_.worker().segment(), shard);
  }

  testing::PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
  Lessee lessee_{path_};
  Ledger ledger_{lessee_.worker().segment(), lessee_.worker().arena()};
  const LedgerKey key_{std::string_view("42"), &lessee_.registered_family()};
  Leases::Reserved reserved_;
};

// Fault U1.
TEST_F(ReservedAmountTest, ReservationsAndSpendsShareOneLimit) {
  const Result<HeldLease> first = Reserve(lessee_, 6, 10);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(reserved_.account.reserved, 6U);
  EXPECT_FALSE(Spend(5, 10).allowed);
  EXPECT_EQ(Spend(5, 10).account.reserved, 6U);
  EXPECT_TRUE(Spend(3, 10).allowed);
  const Result<HeldLease> denied = Reserve(lessee_, 2, 10);
  ASSERT_FALSE(denied.ok());
  EXPECT_EQ(denied.error().code, ErrorCode::kLimitReached);
  EXPECT_EQ(reserved_.account.amount, 3U);
  EXPECT_EQ(reserved_.account.reserved, 6U);
  EXPECT_TRUE(Reserve(lessee_, 1, 10).ok());
  EXPECT_TRUE(lessee_.Release(first.value()));
  EXPECT_EQ(ledger_.Read(key_)->reserved, 1U);
  EXPECT_TRUE(Spend(6, 10).allowed);
  ExpectWholeIndex();
}

// Fault U1.
TEST_F(ReservedAmountTest, WhatTheDeadReserveRefusesNobody) {
  ASSERT_EQ(testing::RunInChild([&] {
              Lessee worker(path_);
              for (int i = 0; i < 5; i++) ASSERT_TRUE(Reserve(worker, 2, 10).ok());
              _exit(0);
            }),
            0);
  EXPECT_TRUE(Spend(10, 10).allowed);
  EXPECT_EQ(ledger_.Read(key_)->reserved, 0U);
  ExpectWholeIndex();
}

// Fault U1.
TEST_F(ReservedAmountTest, AReservationIsSettledOnceAndNotAfterItsEnd) {
  const HeldLease settled = Reserve(lessee_, 6, 10).value();
  EXPECT_EQ(ledger_.Settle(key_, settled, 8)->amount, 8U) << "more than was reserved";
  EXPECT_EQ(ledger_.Settle(key_, settled, 8).error().code, ErrorCode::kEnded);
  const HeldLease cancelled = Reserve(lessee_, 2, 10).value();
  EXPECT_TRUE(lessee_.Release(cancelled));
  EXPECT_EQ(ledger_.Settle(key_, cancelled, 1).error().code, ErrorCode::kEnded);
  EXPECT_FALSE(lessee_.Release(settled));
  EXPECT_EQ(ledger_.Read(key_)->amount, 8U);
  EXPECT_EQ(ledger_.Read(key_)->reserved, 0U);
  ExpectWholeIndex();
}

// Fault U1.
TEST_F(ReservedAmountTest, TheSumIsRightWhoeverOfManyHoldersEndsFirst) {
  std::vector<HeldLease> held;
  for (std::uint64_t i = 1; i <= 100; i++) held.push_back(Reserve(lessee_, i, std::nullopt).value());
  ASSERT_EQ(testing::RunInChild([&] {
              Lessee worker(path_);
              ASSERT_TRUE(Reserve(worker, 1'000'000, std::nullopt).ok());
              _exit(0);
            }),
            0);
  std::uint64_t sum = 5'050;
  for (std::uint64_t i : {0, 99, 1, 50}) {
    EXPECT_TRUE(lessee_.Release(held[i]));
    sum -= i + 1;
    EXPECT_EQ(ledger_.Read(key_)->reserved, sum);
  }
  ExpectWholeIndex();
}

TEST_F(ReservedAmountTest, ASumThatPassesTheLargestNumberIsRefused) {
  ASSERT_TRUE(Reserve(lessee_, UINT64_MAX - 1, std::nullopt).ok());
  EXPECT_FALSE(Reserve(lessee_, 2, std::nullopt).ok());
  EXPECT_TRUE(Reserve(lessee_, 1, std::nullopt).ok());
  EXPECT_FALSE(Spend(1, UINT64_MAX).allowed);
}

}  // namespace
}  // namespace shmetrics::shm

#include "tests/crash/ledger_operations.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "shm/leases/lease_shard.h"
#include "shm/leases/ledger.h"
#include "tests/crash/lease_operations.h"

namespace shmetrics::testing {
namespace {

constexpr std::uint64_t kSpent = 1'000;

std::function<void()> SpendMinutes(const std::shared_ptr<BareWorker>& worker, const char* name) {
  auto ledger = std::make_shared<shm::Ledger>(worker->segment(), worker->arena());
  return [worker, ledger, user = UserOf(worker->segment(), name)] {
    static_cast<void>(ledger->Spend(user, kSpent, shm::Ledger::Intent::kSpend,
                                    [](std::uint32_t) { return std::optional<std::uint64_t>(5 * kSpent); }));
  };
}

auto CheckSpent(const char* name) {
  return [name](Lessee& witness, SegmentReading&, Runs runs) {
    shm::Ledger ledger(witness.worker().segment(), witness.worker().arena());
    const Result<shm::Account> account = ledger.Read(UserOf(witness, name));
    ASSERT_TRUE(account.ok()) << account.error().message;
    EXPECT_EQ(account->amount % kSpent, 0U);
    EXPECT_TRUE(runs.Allow(account->amount / kSpent)) << account->amount;
  };
}

/// Spends the first minutes of a user who has no account yet.
Operation ConsumeFirstMinutes() {
  constexpr const char* kName = "new";
  return {"consume_first_minutes", CreateTinySegment,
          [](const std::string& path) { return SpendMinutes(AttachWorker(path), kName); }, CheckSpent(kName)};
}

/// Gives the user minutes of as many earlier days as there is room for. No death may turn those of the earliest,
/// which gives way, into today's. Only if the user has no minutes, because operations are prepared more than
/// once.
void MinutesOfEarlierDays(const shm::Segment& segment, const std::string& user) {
  for (std::uint32_t number = 0; number < shm::layout::kLeaseShards; number++) {
    shm::LeaseShard::Lock(segment, number)->ledger().ForEach([&](shm::layout::LedgerEntry& entry) {
      if (!shm::IsInUse(entry) || shm::KeyOf(entry) != user || entry.days[0].amount != 0) return;
      for (std::int32_t i = 0; i < static_cast<std::int32_t>(shm::layout::kLedgerDays); i++)
        entry.days[i] = {static_cast<std::int32_t>(shm::UtcDay()) - 1 - i, 0, kSpent + 1};
    });
  }
}

Operation ConsumeMinutes() {
  constexpr const char* kName = "known";
  return {"consume_minutes",
          [](const std::string& path) {
            BareWorker worker(path, TinySegment());
            const std::string user = UserOf(worker.segment(), kName);
            ASSERT_TRUE(shm::Ledger(worker.segment(), worker.arena()).SetClass(user, 2).ok());
            MinutesOfEarlierDays(worker.segment(), user);
          },
          [](const std::string& path) { return SpendMinutes(AttachWorker(path), kName); }, CheckSpent(kName)};
}

/// Gives minutes back to a user who has used many.
Operation RefundMinutes() {
  constexpr const char* kName = "refunded";
  constexpr std::uint64_t kUsed = 1'000 * kSpent;
  return {"refund_minutes",
          [](const std::string& path) {
            BareWorker worker(path, TinySegment());
            shm::Ledger ledger(worker.segment(), worker.arena());
            const std::string user = UserOf(worker.segment(), kName);
            if (ledger.Read(user)->amount > 0) return;  // prepared before
            ASSERT_TRUE(ledger.Restore({user, shm::UtcDay(), kUsed, 0}).ok());
          },
          [](const std::string& path) {
            auto worker = AttachWorker(path);
            auto ledger = std::make_shared<shm::Ledger>(worker->segment(), worker->arena());
            return [worker, ledger, user = UserOf(worker->segment(), kName)] {
              static_cast<void>(ledger->Refund(user, kSpent));
            };
          },
          [](Lessee& witness, SegmentReading&, Runs runs) {
            shm::Ledger ledger(witness.worker().segment(), witness.worker().arena());
            const std::uint64_t refunded = kUsed - ledger.Read(UserOf(witness, kName))->amount;
            EXPECT_EQ(refunded % kSpent, 0U);
            EXPECT_TRUE(runs.Allow(refunded / kSpent)) << refunded;
          }};
}

Result<shm::HeldLease> Reserve(Lessee& lessee, const std::string& user) {
  shm::Leases::Reserved reserved{kSpent, [](std::uint32_t) { return std::optional(3 * kSpent); }, {}};
  shm::Leases::Terms terms;
  terms.reserves = &reserved;
  return lessee.AcquireOn(user, terms);
}

/// Expects that the dead hold back nothing, and that the limit is exact.
void CheckReserved(Lessee& witness, const std::string& user, std::uint64_t used) {
  shm::Ledger ledger(witness.worker().segment(), witness.worker().arena());
  const shm::Account account = ledger.Read({user, &witness.registered_family()}).value();
  EXPECT_EQ(account.reserved, 0U);
  EXPECT_EQ(account.amount, used);
  for (std::uint64_t sum = used; sum + kSpent <= 3 * kSpent; sum += kSpent)
    EXPECT_TRUE(Reserve(witness, user).ok());
  EXPECT_FALSE(Reserve(witness, user).ok());
}

Operation ReserveMinutes() {
  constexpr const char* kName = "reserved";
  return {"reserve_minutes", CreateTinySegment,
          [](const std::string& path) {
            auto lessee = std::make_shared<Lessee>(path, TinySegment());
            static_cast<void>(lessee->worker().slot().Hold());
            return [lessee, user = UserOf(*lessee, kName)] { static_cast<void>(Reserve(*lessee, user)); };
          },
          [](Lessee& witness, SegmentReading&, Runs) { CheckReserved(witness, UserOf(witness, kName), 0); }};
}

/// A death leaves the reservation as it was, or ended and charged to nobody, or charged once.
Operation SettleMinutes() {
  constexpr const char* kName = "settled";
  return {
      "settle_minutes", CreateTinySegment,
      [](const std::string& path) {
        auto lessee = std::make_shared<Lessee>(path, TinySegment());
        auto ledger = std::make_shared<shm::Ledger>(lessee->worker().segment(), lessee->worker().arena());
        const std::string user = UserOf(*lessee, kName);
        return [lessee, ledger, user, lease = Reserve(*lessee, user)] {
          if (lease.ok())
            static_cast<void>(ledger->Settle({user, &lessee->registered_family()}, lease.value(), kSpent));
        };
      },
      [](Lessee& witness, SegmentReading&, Runs runs) {
        const std::string user = UserOf(witness, kName);
        shm::Ledger ledger(witness.worker().segment(), witness.worker().arena());
        const std::uint64_t used = ledger.Read(user)->amount;
        EXPECT_EQ(used % kSpent, 0U);
        EXPECT_LE(used / kSpent, runs.begun);
        if (runs.WereUndisturbed()) {
          EXPECT_EQ(used, kSpent);
        }
        CheckReserved(witness, user, used);
      }};
}

}  // namespace

std::vector<Operation> LedgerOperations() {
  return {ConsumeFirstMinutes(), ConsumeMinutes(), RefundMinutes(), ReserveMinutes(), SettleMinutes()};
}

}  // namespace shmetrics::testing

#include "shm/snapshot/lease_reader.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "shm/leases/entry_table.h"
#include "shm/leases/ledger.h"
#include "shm/series/key_hash.h"
#include "tests/support/lessee.h"
#include "tests/support/private_folder.h"

namespace shmetrics::shm {
namespace {

using testing::kMinuteNs;
using testing::Lessee;

bool Everybody(std::uint32_t, std::uint64_t) { return true; }

std::string BlockOf(const std::string& user) { return "user_id=\"" + user + "\""; }

class LeaseReaderTest : public ::testing::Test {
 protected:
  LeaseReading ReadAs(const IsAlive& is_alive) { return reader_.Read(is_alive); }
  /// The number of leases that a user has in the last reading.
  std::uint64_t Of(const std::string& user) {
    return reader_.keys().LeasesOf(lessee_.family(), BlockOf(user));
  }
  std::vector<LedgerRecord> ReadRecords() {
    std::vector<LedgerRecord> records;
    ReadLedgerRecords(segment(), &records);
    return records;
  }
  const Segment& segment() { return lessee_.worker().segment(); }

  testing::PrivateFolder folder_;
  Lessee lessee_{folder_ / "segment"};
  LeaseReader reader_{segment()};
  Ledger ledger_{segment(), lessee_.worker().arena()};
};

TEST_F(LeaseReaderTest, LeasesAreCountedByFamilyAndKeyAndByTheSlotOfTheirOwner) {
  for (int i = 0; i < 2; i++) ASSERT_TRUE(lessee_.Acquire("42").ok());
  const HeldLease lease = lessee_.Acquire("7").value();
  const LeaseReading reading = ReadAs(Everybody);
  EXPECT_EQ(Of("42"), 2U);
  EXPECT_EQ(Of("7"), 1U);
  EXPECT_EQ(reading.live, 3U);
  EXPECT_EQ(reading.by_slot.at(lease.entry->owner_slot.load()), 3U);
  EXPECT_EQ(reading.by_slot.size(), segment().header().slot_count);
  EXPECT_EQ(reading.skipped, 0U);
  EXPECT_EQ(reading.entries % layout::kEntriesPerChunk, 0U);
  EXPECT_GE(reading.entries, 3U);
}

TEST_F(LeaseReaderTest, ALeaseIsShownWhileItsOwnerIsSaidToLiveInThisSlotAndEpoch) {
  const HeldLease lease = lessee_.Acquire("42").value();
  const std::uint32_t slot = lease.entry->owner_slot.load();
  const std::uint64_t epoch = lease.entry->owner_epoch.load();
  EXPECT_EQ(ReadAs([&](auto s, auto e) { return s == slot && e == epoch; }).live, 1U);
  EXPECT_EQ(ReadAs([&](auto s, auto e) { return s != slot || e != epoch; }).live, 0U);
}

TEST_F(LeaseReaderTest, WhatIsReleasedOrOverdueIsNotShown) {
  const HeldLease released = lessee_.Acquire("42", {}, kMinuteNs).value();
  ASSERT_TRUE(lessee_.Acquire("42", {}, testing::kMillisecondNs).ok());
  ASSERT_TRUE(lessee_.Acquire("42", {}, kMinuteNs).ok());
  ASSERT_TRUE(lessee_.Release(released));
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(ReadAs(Everybody).live, 1U);
}

/// Another user of the same shard, so that the entries of both are in one chunk.
std::string NeighbourOf(const Segment& segment, std::string_view user) {
  const auto shard_of = [&](std::string_view name) {
    return HashOfValues(segment.hash_key(), 0, {&name, 1}) % layout::kLeaseShards;
  };
  int number = 0;
  while (shard_of("neighbour" + std::to_string(number)) != shard_of(user)) number++;
  return "neighbour" + std::to_string(number);
}

TEST_F(LeaseReaderTest, ALeaseAndTheOneAdmittedInItsPlaceAreNeverShownTogether) {
  const HeldLease neighbour = lessee_.Acquire(NeighbourOf(segment(), "42")).value();
  const HeldLease first = lessee_.Acquire("42", 1).value();
  ASSERT_LT(first.entry, neighbour.entry) << "the reader comes to it first";
  std::optional<HeldLease> second;
  const LeaseReading reading = ReadAs([&](auto, auto) {
    if (second) return true;
    EXPECT_TRUE(lessee_.Release(first));
    EXPECT_TRUE(lessee_.Release(neighbour));
    second = lessee_.Acquire("42", 1).value();
    EXPECT_EQ(second->entry, neighbour.entry) << "which is still to be read";
    return true;
  });
  EXPECT_EQ(Of("42"), 1U);
}

TEST_F(LeaseReaderTest, AnEntryThatGoesToAnotherKeyWhileItIsReadShowsNeither) {
  const HeldLease first = lessee_.Acquire("42").value();
  const LeaseReading reading = ReadAs([&](auto, auto) {
    EXPECT_TRUE(Leases::Renew(first, 0));
    EXPECT_TRUE(lessee_.Release(first));
    first.entry->state.generation++;  // another lease has begun
    SetKey(first.entry, 0, BlockOf("somebody else"));
    return true;
  });
  EXPECT_EQ(reading.live, 0U);
  EXPECT_EQ(Of("42") + Of("somebody else"), 0U);
  EXPECT_EQ(reading.skipped, 0U) << "there is nothing wrong with it";
}

TEST_F(LeaseReaderTest, WhatIsRememberedOfAnEntryHoldsForItsLeaseOnly) {
  const HeldLease first = lessee_.Acquire("42").value();
  ReadAs(Everybody);
  ReadAs(Everybody);
  EXPECT_EQ(Of("42"), 1U);
  ASSERT_TRUE(lessee_.Release(first));
  const HeldLease second = lessee_.Acquire(NeighbourOf(segment(), "42")).value();
  ASSERT_EQ(first.entry, second.entry);
  EXPECT_EQ(ReadAs(Everybody).live, 1U);
  EXPECT_EQ(Of("42"), 0U);
  EXPECT_EQ(Of(NeighbourOf(segment(), "42")), 1U);
  EXPECT_EQ(ReadAs([](auto, auto) { return false; }).live, 0U) << "its owner has died since";
  EXPECT_EQ(Of(NeighbourOf(segment(), "42")), 0U);
}

// Fault A7.
TEST_F(LeaseReaderTest, LeasesInChunksThatCameLaterAreReadToo) {
  std::vector<HeldLease> held;
  for (std::uint64_t leases = 1; leases <= 200; leases++) {
    held.push_back(lessee_.Acquire("42").value());
    EXPECT_EQ(ReadAs(Everybody).live, leases);
    EXPECT_EQ(Of("42"), leases);
  }
  for (const HeldLease& lease : held) ASSERT_TRUE(lessee_.Release(lease));
  EXPECT_EQ(ReadAs(Everybody).live, 0U);
}

// Fault U9.
TEST_F(LeaseReaderTest, TheLedgerIsReadAsItWasWritten) {
  const auto without_limit = [](std::uint32_t) { return std::nullopt; };
  ASSERT_TRUE(ledger_.Spend("42", 1'500'000'000, Ledger::Intent::kSpend, without_limit).ok());
  ASSERT_TRUE(ledger_.SetClass("42", 3).ok());
  const std::vector<LedgerRecord> records = ReadRecords();
  ASSERT_EQ(records.size(), 1U) << "free entries are no records";
  EXPECT_EQ(records[0].key, "42");
  EXPECT_EQ(records[0].day, UtcDay());
  EXPECT_EQ(records[0].amount, 1'500'000'000U);
  EXPECT_EQ(records[0].key_class, 3U);
  EXPECT_EQ(CountLedgerEntries(segment()), 1U);
}

TEST_F(LeaseReaderTest, ARecordKeepsTheDayItsMinutesAreOfThoughItHasPassed) {
  ASSERT_TRUE(ledger_.Restore({"42", 19'000, 5, 2}).ok());
  ASSERT_EQ(ReadRecords().size(), 1U);
  EXPECT_EQ(ReadRecords()[0].day, 19'000);
  EXPECT_EQ(ReadRecords()[0].amount, 5U);
}

}  // namespace
}  // namespace shmetrics::shm

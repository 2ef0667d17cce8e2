#include "tests/crash/invariants.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>

#include "shm/leases/lease_shard.h"
#include "shm/leases/ledger.h"
#include "shm/snapshot/snapshot.h"
#include "tests/support/whole_lease_index.h"

namespace shmetrics::testing {
namespace {

using shm::layout::GaugeMode;
using shm::layout::MetricType;
using shm::layout::Ref;

/// Checks one table of a shard that this process holds.
template <class Entry>
void ExpectWholeTable(const shm::Segment& segment, const shm::layout::EntryTable& table,
                      const std::atomic<Ref>* heads) {
  std::unordered_map<Ref, int> lists;  // how many lists an entry is in
  const auto walk = [&](Ref ref, bool is_free) {
    for (std::uint32_t steps = 0; ref != 0; steps++) {
      const auto* entry = segment.AtRef<Entry>(ref);
      ASSERT_NE(entry, nullptr) << "a list leads nowhere";
      ASSERT_LE(steps, table.entry_count.load()) << "a list goes in a circle";
      EXPECT_FALSE(is_free && shm::IsInUse(*entry)) << "an entry in use is listed as free";
      lists[ref]++;
      ref = entry->head.next.load();
    }
  };
  for (std::uint32_t i = 0; i < segment.header().lease_chain_count; i++) walk(heads[i].load(), false);
  walk(table.free.load(), true);
  std::uint32_t entries = 0;
  for (Ref ref = table.first_chunk.load(); ref != 0;
       ref = segment.AtRef<shm::layout::EntryChunk>(ref)->next) {
    const Entry* chunk = shm::EntryTable<Entry>::EntriesOf(segment, ref);
    ASSERT_NE(chunk, nullptr);
    for (std::uint32_t i = 0; i < shm::layout::kEntriesPerChunk; i++) {
      EXPECT_EQ(lists[segment.RefOf(&chunk[i])], 1) << "lists that an entry is in";
      entries++;
    }
  }
  EXPECT_EQ(table.entry_count.load(), entries);
  EXPECT_EQ(lists.size(), entries) << "a list leads to what is no entry";
}

/// The leases of the present owner of `slot`, according to the shards.
std::uint64_t LeasesOnRecord(const shm::Segment& segment, const shm::layout::WorkerSlot& slot) {
  std::uint64_t leases = 0;
  const auto slot_number = static_cast<std::uint32_t>(&slot - &segment.worker_slot(0));
  const std::uint64_t epoch = slot.epoch.load();
  for (std::uint32_t number = 0; number < shm::layout::kLeaseShards; number++) {
    const Result<shm::LeaseShard> shard = shm::LeaseShard::Lock(segment, number);
    if (!shard.ok()) continue;
    shard->leases().ForEach([&](const shm::layout::LeaseEntry& entry) {
      const bool is_his = entry.owner_slot.load() == slot_number && entry.owner_epoch.load() == epoch;
      leases += shm::IsInUse(entry) && is_his ? 1 : 0;
    });
  }
  return leases;
}

}  // namespace

void ExpectWhole(const SegmentReading& reading) {
  const shm::Snapshot& snapshot = reading.snapshot();
  const shm::Skipped& skipped = snapshot.skipped;
  EXPECT_EQ(skipped.families + skipped.series + skipped.chains + skipped.collisions + skipped.gauges +
                skipped.leases + skipped.exemplars,
            0U)
      << "a reader found nonsense";
  std::set<std::string_view> names;
  for (const shm::FamilySnapshot& family : snapshot.families) {
    const std::uint64_t registered = snapshot.segment.series_count + snapshot.segment.family_count;
    EXPECT_LE(family.series.size(), registered + snapshot.segment.leases);
    if (family.gauge_mode == GaugeMode::kPerWorker) continue;  // one series for each worker
    for (const shm::SeriesSnapshot& series : family.series)
      EXPECT_TRUE(names.insert(series.name_and_labels).second) << "twice: " << series.name_and_labels;
  }
  for (const shm::BucketSnapshot& bucket : snapshot.buckets)
    EXPECT_TRUE(bucket.count > 0 || bucket.sum == 0) << "a sum of nothing";
}

void ExpectNobodyAlive(const SegmentReading& reading) {
  EXPECT_EQ(reading.AliveWorkers(), 0U);
  EXPECT_EQ(reading.snapshot().segment.leases, 0U) << "leases of the dead";
  for (const shm::FamilySnapshot& family : reading.snapshot().families) {
    if (family.type == MetricType::kGauge && family.gauge_mode != GaugeMode::kLast) {
      EXPECT_TRUE(family.series.empty()) << "a gauge of the dead: " << family.name;
    }
  }
}

void ExpectWholeShards(const shm::Segment& segment) {
  for (std::uint32_t number = 0; number < shm::layout::kLeaseShards; number++) {
    const Result<shm::LeaseShard> held = shm::LeaseShard::Lock(segment, number);
    ASSERT_TRUE(held.ok()) << held.error().message;
    const shm::layout::LeaseShard& shard = segment.lease_shard(number);
    ExpectWholeLeaseIndex(segment, number);
    ExpectWholeTable<shm::layout::LedgerEntry>(
        segment, shard.ledger, segment.lease_chains(number, shm::Segment::LeaseChains::kLedger));
  }
}

void ExpectUsable(Lessee* witness, SegmentReading* reading) {
  BareWorker& worker = witness->worker();
  worker.Count(CounterNamed("witness_total", {"n"}), {"a"}, std::uint64_t{2});
  worker.Observe(HistogramNamed("witness_seconds", {1, 2}), {}, 0.5);
  worker.Set(GaugeNamed("witness_depth", GaugeMode::kSum, {"n"}), {"a"}, 4);
  const Result<shm::HeldLease> lease = witness->Acquire("witness", 1, kMinuteNs);
  EXPECT_TRUE(lease.ok() && shm::Leases::Renew(lease.value(), kMinuteNs));
  EXPECT_FALSE(witness->Acquire("witness", 1).ok());
  const auto spent = shm::Ledger(worker.segment(), worker.arena())
                         .Spend("witness", 3, shm::Ledger::Intent::kSpend,
                                [](std::uint32_t) { return std::optional<std::uint64_t>(); });
  EXPECT_TRUE(spent.ok() && spent->recorded);

  reading->Again();
  EXPECT_EQ(reading->Counter("witness_total{n=\"a\"}"), 2U);
  EXPECT_EQ(reading->Histogram("witness_seconds").sum, 0.5);
  EXPECT_EQ(reading->Gauge("witness_depth{n=\"a\"}"), 4.0);
  EXPECT_EQ(reading->Gauge("uploads{user_id=\"witness\"}"), 1.0);
  EXPECT_EQ(reading->AliveWorkers(), 1U);
  const Result<shm::layout::WorkerSlot*> slot = worker.slot().Hold();
  ASSERT_TRUE(slot.ok()) << slot.error().message;
  EXPECT_EQ(reading->snapshot().segment.leases, LeasesOnRecord(worker.segment(), *slot.value()))
      << "leases visible";
}

void ExpectSurvived(const std::string& path, const Operation& operation, Runs runs) try {
  Lessee witness(path, TinySegment());
  SegmentReading reading(path);
  ExpectWhole(reading.Again());
  ExpectNobodyAlive(reading);
  ExpectWholeShards(witness.worker().segment());
  const shm::Segment& segment = witness.worker().segment();
  const std::uint32_t given = segment.mutable_header().slots_given;
  // The image of a death is taken of a process that lives on, but nobody has the id of the dead.
  for (std::uint32_t i = 0; i < segment.header().slot_count; i++) segment.worker_slot(i).pid = 0;
  operation.check(witness, reading, runs);
  ExpectUsable(&witness, &reading);
  EXPECT_LE(segment.mutable_header().slots_given, std::max(given, 1U)) << "no slot of the dead was free";
  ExpectWhole(reading);
  ExpectWholeShards(witness.worker().segment());
  witness.worker().slot().Release();  // nobody else uses this segment any more
} catch (const std::exception& refused) {
  ADD_FAILURE() << "it cannot be used: " << refused.what();
}

}  // namespace shmetrics::testing

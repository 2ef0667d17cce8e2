#ifndef SHMETRICS_TESTS_CORRUPT_DAMAGED_SEGMENT_H_
#define SHMETRICS_TESTS_CORRUPT_DAMAGED_SEGMENT_H_

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "shm/leases/lease_shard.h"
#include "shm/leases/leases.h"
#include "shm/leases/ledger.h"
#include "shm/series/family_record.h"
#include "shm/series/key_hash.h"
#include "shm/series/label_block.h"
#include "shm/snapshot/snapshot_reader.h"
#include "tests/support/bare_worker.h"
#include "tests/support/private_folder.h"

namespace shmetrics::testing {

/// A segment with something of every kind in it. A test damages its bytes while readers use it.
class DamagedSegment {
 public:
  DamagedSegment() {
    using shm::layout::GaugeMode;
    worker.Count(CounterNamed("witness_total"), {}, std::uint64_t{7});
    worker.Count(CounterNamed("counter_total", {"a"}), {"x"}, std::uint64_t{1});
    worker.Count(CounterNamed("counter_total", {"a"}), {"y"}, std::uint64_t{2});
    worker.Count(CounterNamed("kounter_total", {"a"}), {"x"}, std::uint64_t{3});
    worker.Count(FractionalCounterNamed("fractions_total", {"a"}), {"x"}, 0.5);
    worker.Observe(HistogramNamed("histogram", {1, 2, 3}, {"a"}), {"x"}, 1.5, {"trace_id"}, {"4bf9"});
    worker.Observe(HistogramNamed("histogram", {1, 2, 3}, {"a"}), {"x"}, 9, {"trace_id"}, {"9fb4"});
    worker.Set(GaugeNamed("sum", GaugeMode::kSum, {"a"}), {"x"}, 5);
    worker.Set(GaugeNamed("each", GaugeMode::kPerWorker, {"a"}), {"x"}, 6);
    worker.Set(GaugeNamed("last", GaugeMode::kLast, {"a"}), {"x"}, 8);
    for (int i = 0; i < 60; i++)
      worker.Set(GaugeNamed("many", GaugeMode::kMax, {"a"}), {std::to_string(i)}, i);
    uploads = worker.Register(GaugeNamed("uploads", GaugeMode::kLeases, {"user_id"})).value();
    for (int i = 0; i < 20; i++) {
      Acquire("user" + std::to_string(i), {}, i % 2 == 0 ? 0 : kHourNs).value();
      Spend("user" + std::to_string(i), 1).value();
    }
    lease = Acquire(kUser).value();
    Spend(kUser, 5).value();
  }

  /// Takes a lease of a user for this process.
  Result<shm::HeldLease> Acquire(std::string_view user, std::optional<std::uint32_t> limit = {},
                                 std::int64_t ttl_ns = 0) {
    return leases.Acquire(uploads, {&user, 1}, {limit, ttl_ns}, worker.slot().Hold().value());
  }
  Result<shm::Ledger::Decision> Spend(std::string_view user, std::uint64_t amount) {
    return ledger.Spend(user, amount, shm::Ledger::Intent::kSpend,
                        [](std::uint32_t) { return std::optional<std::uint64_t>(); });
  }
  /// The shard of the lease and the account of kUser.
  shm::layout::LeaseShard& Shard() { return worker.segment().lease_shard(ShardNumber()); }
  std::uint32_t ShardNumber() {
    return static_cast<std::uint32_t>(shm::HashOfValues(worker.segment().hash_key(), 0, {&kUser, 1}) %
                                      shm::layout::kLeaseShards);
  }
  shm::layout::EntryChunk* Chunk(shm::layout::EntryTable shm::layout::LeaseShard::*table) {
    return At<shm::layout::EntryChunk>((Shard().*table).first_chunk.load());
  }
  /// The account of kUser.
  shm::layout::LedgerEntry* Account() {
    shm::layout::LedgerEntry* found = nullptr;
    shm::LeaseShard::Lock(worker.segment(), ShardNumber())
        ->ledger()
        .ForEach([&](shm::layout::LedgerEntry& entry) {
          if (shm::IsInUse(entry) && shm::KeyOf(entry) == kUser) found = &entry;
        });
    return found;
  }

  shm::layout::FamilyRecord* Family(const std::string& name) {
    for (std::uint32_t chain = 0; chain < worker.segment().header().chain_count; chain++) {
      for (auto ref = Heads()[chain].load(); ref != 0; ref = At<shm::layout::Record>(ref)->next) {
        const auto definition = shm::ReadFamilyRecord(worker.segment(), ref);
        if (definition && definition->name == name) return At<shm::layout::FamilyRecord>(ref);
      }
    }
    return nullptr;
  }
  /// The series of the family whose label a has this value.
  shm::layout::SeriesRecord* Series(const std::string& family, const std::string& value) {
    const std::string block = "a=\"" + value + "\"";
    for (std::uint32_t chain = 0; chain < worker.segment().header().chain_count; chain++) {
      for (auto ref = Heads()[chain].load(); ref != 0; ref = At<shm::layout::Record>(ref)->next) {
        auto* series = At<shm::layout::SeriesRecord>(ref);
        if (series->record.kind == shm::layout::RecordKind::kSeries &&
            series->family == RefOf(Family(family)) && Text(series).substr(0, series->label_bytes) == block)
          return series;
      }
    }
    return nullptr;
  }
  /// The exemplar records of a series of the family with label a="x".
  shm::layout::ExemplarRecord* Exemplars(const std::string& family) {
    return At<shm::layout::ExemplarRecord>(Series(family, "x")->exemplars.load());
  }
  /// At least 64 bytes of what follows a record.
  template <class T>
  static std::string_view Text(const T* record) {
    return {reinterpret_cast<const char*>(record + 1), 64};
  }
  template <class T>
  static char* Behind(T* record) {
    return reinterpret_cast<char*>(record + 1);
  }
  template <class T>
  T* At(shm::layout::Ref ref) {
    return worker.segment().AtRef<T>(ref);
  }
  shm::layout::Ref RefOf(const void* record) { return worker.segment().RefOf(record); }
  std::atomic<shm::layout::Ref>* Heads() {
    return reinterpret_cast<std::atomic<shm::layout::Ref>*>(worker.segment().base() +
                                                            worker.segment().header().chains_offset);
  }
  std::atomic<shm::layout::Ref>* HeadOf(const shm::layout::Record& record) {
    return &Heads()[record.hash & (worker.segment().header().chain_count - 1)];
  }
  /// The slot of `worker`.
  shm::layout::WorkerSlot* Slot() {
    return reinterpret_cast<shm::layout::WorkerSlot*>(worker.segment().base() +
                                                      worker.segment().header().slots_offset);
  }
  shm::layout::GaugeBlock* Block() { return At<shm::layout::GaugeBlock>(Slot()->gauge_blocks.load()); }
  shm::layout::MutableHeader& mutable_header() { return worker.segment().mutable_header(); }

  std::shared_ptr<shm::Segment> AttachReader() const {
    return shm::Segment::Attach(path, shm::Segment::Access::kReadOnly).value();
  }

  static constexpr std::string_view kUser = "42";
  static constexpr std::int64_t kHourNs = 3'600'000'000'000;

  PrivateFolder folder;
  std::string path = folder / "segment";
  BareWorker worker{path};
  shm::Leases leases{worker.segment(), worker.arena()};
  shm::Ledger ledger{worker.segment(), worker.arena()};
  shm::RegisteredFamily uploads{};
  shm::HeldLease lease{};  ///< the only one of kUser
};

/// Expects that what a snapshot holds is bounded, and that every text in it can be printed, whatever the
/// bytes said.
inline void ExpectSane(const shm::Snapshot& snapshot) {
  constexpr std::size_t kFamilies = 1U << 16U;
  const std::size_t limit = snapshot.segment.series_limit + kFamilies;
  EXPECT_LE(snapshot.families.size(), kFamilies);
  EXPECT_LE(snapshot.workers.size(), snapshot.segment.slot_count);
  EXPECT_LE(snapshot.segment.committed_bytes, snapshot.segment.bytes);
  std::set<std::string_view> names;
  for (const shm::FamilySnapshot& family : snapshot.families) {
    EXPECT_TRUE(shm::IsMetricName(family.name));
    EXPECT_TRUE(names.insert(family.name).second) << "twice " << family.name;
    EXPECT_TRUE(shm::IsValidUtf8(family.help));
    EXPECT_TRUE(family.unit.empty() || shm::IsMetricName(family.unit));
    const std::size_t values =
        family.gauge_mode == shm::layout::GaugeMode::kPerWorker ? limit * snapshot.segment.slot_count : limit;
    EXPECT_LE(family.series.size(), values);
    std::set<std::pair<std::string_view, std::int32_t>> seen;
    for (const shm::SeriesSnapshot& series : family.series) {
      EXPECT_EQ(series.name_and_labels.substr(0, series.name_bytes), family.name);
      EXPECT_TRUE(seen.emplace(series.name_and_labels, series.worker).second)
          << "twice " << series.name_and_labels;
      EXPECT_TRUE(series.labels() == shm::kOverflowLabelBlock ||
                  shm::IsLabelBlockOf(series.labels(), family.label_names))
          << series.labels();
      EXPECT_LE(series.first_exemplar + series.exemplar_count, snapshot.exemplars.size());
      EXPECT_LE(series.exemplar_count, family.bounds.size() + 1);
      if (family.type == shm::layout::MetricType::kHistogram) {
        EXPECT_LE(series.first_bucket + family.bounds.size() + 1, snapshot.buckets.size());
      }
    }
  }
  for (const shm::ExemplarSnapshot& exemplar : snapshot.exemplars) {
    EXPECT_LE(exemplar.labels.size(), shm::layout::kMaxExemplarBytes);
    EXPECT_TRUE(shm::IsValidUtf8(exemplar.labels));
    EXPECT_EQ(exemplar.labels.find('\n'), std::string::npos);
    EXPECT_TRUE(std::isfinite(exemplar.value));
  }
  // Each lease is one entry, so no damage makes more of them than there is memory for. The bound is the size
  // of the segment, not its committed bytes: a writer may change that word while a reader counts.
  const std::uint64_t most = snapshot.segment.bytes / sizeof(shm::layout::LeaseEntry);
  EXPECT_LE(snapshot.segment.leases, most);
  EXPECT_LE(snapshot.segment.lease_entries, most);
  EXPECT_LE(snapshot.segment.ledger_entries, most);
  EXPECT_LE(snapshot.skipped.leases, most + shm::layout::kLeaseShards);
  for (const shm::WorkerSnapshot& worker : snapshot.workers) EXPECT_TRUE(shm::IsValidUtf8(worker.name));
}

inline std::uint64_t SkippedOf(const shm::Snapshot& snapshot) {
  const shm::Skipped& skipped = snapshot.skipped;
  return skipped.families + skipped.series + skipped.chains + skipped.collisions + skipped.gauges +
         skipped.leases + skipped.exemplars;
}

/// Expects no more users than there is memory for, and that each can be printed, whatever the bytes of the
/// ledger said.
inline void ExpectSaneLedger(const shm::SnapshotReader& reader) {
  std::vector<shm::LedgerRecord> records;
  reader.ReadLedger(&records);
  EXPECT_LE(records.size(), reader.segment().header().segment_bytes / sizeof(shm::layout::LedgerEntry) *
                                shm::layout::kLedgerDays);
  for (const shm::LedgerRecord& record : records) {
    EXPECT_LE(record.key.size(), shm::layout::kMaxKeyBytes);
    EXPECT_TRUE(shm::IsValidUtf8(record.key));
  }
}

/// The value of witness_total, which no test damages; 0 if it is not shown.
inline std::uint64_t WitnessOf(const shm::Snapshot& snapshot) {
  for (const shm::FamilySnapshot& family : snapshot.families) {
    if (family.name == "witness_total" && family.series.size() == 1) return family.series[0].integer;
  }
  return 0;
}

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_CORRUPT_DAMAGED_SEGMENT_H_

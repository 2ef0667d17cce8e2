#include "shm/layout/layout.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace shmetrics::shm::layout {
namespace {

// Every number here is a promise to processes that already run. A change of one needs another kLayoutMajor.

TEST(LayoutTest, ConstantsAreThoseOfLayoutOne) {
  EXPECT_EQ(kLayoutMajor, 1U);
  EXPECT_EQ(kPageBytes, 4096U);
  EXPECT_EQ(kStripeBytes, 4096U);
  EXPECT_EQ(kAtomicStripes, 4U);
  EXPECT_EQ(kRecordAlignment, 16U);
  EXPECT_EQ(kMaxNameBytes, 255U);
  EXPECT_EQ(kMaxHelpBytes, 4096U);
  EXPECT_EQ(kMaxLabels, 32U);
  EXPECT_EQ(kMaxLabelBlockBytes, 4096U);
  EXPECT_EQ(kMaxBounds, 255U);
  EXPECT_EQ(kRefusals, 19U);
  EXPECT_EQ(kMaxFamilies, 65'536U);
  EXPECT_EQ(kHashFunction, 5U);
  EXPECT_EQ(kMaxChainLength, 1'024U);
  EXPECT_EQ(kFewestChains, 4'096U);
  EXPECT_EQ(kMovedTicket, UINT64_MAX);
  EXPECT_EQ(kWorkerNameBytes, 32U);
  EXPECT_EQ(kGaugesPerBlock, 48U);
}

TEST(LayoutTest, MagicReadsAsTextInTheFile) {
  char text[sizeof kMagic];
  std::memcpy(text, &kMagic, sizeof text);
  EXPECT_EQ(std::string(text, sizeof text), "SHMETRIC");
}

TEST(LayoutTest, HeaderLiesWhereItAlwaysLay) {
  EXPECT_EQ(sizeof(Header), 208U);
  EXPECT_EQ(offsetof(Header, magic), 0U);
  EXPECT_EQ(offsetof(Header, signature), 8U);
  EXPECT_EQ(offsetof(Header, major), 16U);
  EXPECT_EQ(offsetof(Header, header_bytes), 20U);
  EXPECT_EQ(offsetof(Header, segment_bytes), 24U);
  EXPECT_EQ(offsetof(Header, stripe_count), 32U);
  EXPECT_EQ(offsetof(Header, slot_count), 36U);
  EXPECT_EQ(offsetof(Header, chain_count), 40U);
  EXPECT_EQ(offsetof(Header, series_limit), 44U);
  EXPECT_EQ(offsetof(Header, family_series_limit), 48U);
  EXPECT_EQ(offsetof(Header, lease_limit), 52U);
  EXPECT_EQ(offsetof(Header, ledger_limit), 56U);
  EXPECT_EQ(offsetof(Header, lease_chain_count), 60U);
  EXPECT_EQ(offsetof(Header, shared_pid_namespaces), 64U);
  EXPECT_EQ(offsetof(Header, pid_namespace), 72U);
  EXPECT_EQ(offsetof(Header, slots_offset), 80U);
  EXPECT_EQ(offsetof(Header, chains_offset), 88U);
  EXPECT_EQ(offsetof(Header, shards_offset), 96U);
  EXPECT_EQ(offsetof(Header, records_offset), 104U);
  EXPECT_EQ(offsetof(Header, created_unix_ns), 112U);
  EXPECT_EQ(offsetof(Header, boot_id), 120U);
  EXPECT_EQ(offsetof(Header, segment_id), 136U);
  EXPECT_EQ(offsetof(Header, creator_view), 152U);
  EXPECT_EQ(sizeof(PathView), 32U);
  EXPECT_EQ(offsetof(Header, hash_key), 184U);
  EXPECT_EQ(offsetof(Header, checksum), 200U);
}

TEST(LayoutTest, LiveWordsStandOnCacheLinesOfTheirOwn) {
  EXPECT_EQ(sizeof(MutableHeader), 576U);
  EXPECT_EQ(alignof(MutableHeader), 64U);
  EXPECT_EQ(offsetof(MutableHeader, used), 0U);
  EXPECT_EQ(offsetof(MutableHeader, committed_front), 64U);
  EXPECT_EQ(offsetof(MutableHeader, committed_blocks), 72U);
  EXPECT_EQ(offsetof(MutableHeader, series_count), 128U);
  EXPECT_EQ(offsetof(MutableHeader, family_count), 136U);
  EXPECT_EQ(offsetof(MutableHeader, ticket), 192U);
  EXPECT_EQ(offsetof(MutableHeader, mutex_recoveries), 256U);
  EXPECT_EQ(offsetof(MutableHeader, ledger_loaded), 264U);
  EXPECT_EQ(offsetof(MutableHeader, superseded), 268U);
  EXPECT_EQ(offsetof(MutableHeader, ledger_forgotten), 272U);
  EXPECT_EQ(offsetof(MutableHeader, ledger_day), 280U);
  EXPECT_EQ(offsetof(MutableHeader, ledger_jumps), 288U);
  EXPECT_EQ(offsetof(MutableHeader, slots_given), 320U);
  EXPECT_EQ(offsetof(MutableHeader, slot_cursor), 324U);
  EXPECT_EQ(offsetof(MutableHeader, refusals), 384U);
}

TEST(LayoutTest, WorkerSlotFillsTwoCacheLines) {
  EXPECT_EQ(sizeof(WorkerSlot), 128U);
  EXPECT_EQ(offsetof(WorkerSlot, epoch), 0U);
  EXPECT_EQ(offsetof(WorkerSlot, started_unix_ns), 8U);
  EXPECT_EQ(offsetof(WorkerSlot, pid), 16U);
  EXPECT_EQ(offsetof(WorkerSlot, gauge_blocks), 20U);
  EXPECT_EQ(offsetof(WorkerSlot, name), 24U);
  EXPECT_EQ(offsetof(WorkerSlot, start_ticks), 56U);
  EXPECT_EQ(offsetof(WorkerSlot, pid_namespace), 64U);
  EXPECT_EQ(offsetof(WorkerSlot, tenures), 72U);
  EXPECT_EQ(offsetof(WorkerSlot, reserved), 120U);
  EXPECT_EQ(sizeof(Tenure), 24U);
  EXPECT_EQ(offsetof(Tenure, stage), 0U);
  EXPECT_EQ(offsetof(Tenure, leases), 4U);
  EXPECT_EQ(offsetof(Tenure, ended_before), 8U);
  EXPECT_EQ(offsetof(Tenure, execs_before), 12U);
  EXPECT_EQ(offsetof(Tenure, losses_before), 16U);
}

TEST(LayoutTest, GaugeBlockLiesWhereItAlwaysLay) {
  EXPECT_EQ(sizeof(GaugeCell), 16U);
  EXPECT_EQ(alignof(GaugeCell), 16U);
  EXPECT_EQ(offsetof(GaugeCell, value), 0U);
  EXPECT_EQ(offsetof(GaugeCell, ticket), 8U);
  EXPECT_EQ(sizeof(GaugeBlock), 1024U);
  EXPECT_EQ(alignof(GaugeBlock), 64U);
  EXPECT_EQ(offsetof(GaugeBlock, next), 0U);
  EXPECT_EQ(offsetof(GaugeBlock, used), 4U);
  EXPECT_EQ(offsetof(GaugeBlock, series), 64U);
  EXPECT_EQ(offsetof(GaugeBlock, cells), 256U);
}

TEST(LayoutTest, RecordsLieWhereTheyAlwaysLay) {
  EXPECT_EQ(sizeof(Record), 16U);
  EXPECT_EQ(offsetof(Record, next), 0U);
  EXPECT_EQ(offsetof(Record, kind), 4U);
  EXPECT_EQ(offsetof(Record, has_escapes), 5U);
  EXPECT_EQ(offsetof(Record, hash), 8U);

  EXPECT_EQ(sizeof(SeriesRecord), 48U);
  EXPECT_EQ(offsetof(SeriesRecord, family), 16U);
  EXPECT_EQ(offsetof(SeriesRecord, label_bytes), 20U);
  EXPECT_EQ(offsetof(SeriesRecord, cells), 24U);
  EXPECT_EQ(offsetof(SeriesRecord, visibility), 32U);
  EXPECT_EQ(offsetof(SeriesRecord, exemplars), 36U);
  EXPECT_EQ(offsetof(SeriesRecord, created_unix_ns), 40U);

  EXPECT_EQ(sizeof(FamilyRecord), 56U);
  EXPECT_EQ(offsetof(FamilyRecord, type), 16U);
  EXPECT_EQ(offsetof(FamilyRecord, gauge_mode), 17U);
  EXPECT_EQ(offsetof(FamilyRecord, label_count), 18U);
  EXPECT_EQ(offsetof(FamilyRecord, name_bytes), 19U);
  EXPECT_EQ(offsetof(FamilyRecord, unit_bytes), 20U);
  EXPECT_EQ(offsetof(FamilyRecord, bound_count), 21U);
  EXPECT_EQ(offsetof(FamilyRecord, help_bytes), 22U);
  EXPECT_EQ(offsetof(FamilyRecord, label_name_bytes), 24U);
  EXPECT_EQ(offsetof(FamilyRecord, embedded), 28U);
  EXPECT_EQ(offsetof(FamilyRecord, series_count), 32U);
  EXPECT_EQ(offsetof(FamilyRecord, refused_series), 40U);
  EXPECT_EQ(offsetof(FamilyRecord, refused_families), 48U);
}

TEST(LayoutTest, ExemplarsLieWhereTheyAlwaysLay) {
  EXPECT_EQ(kMaxExemplarBytes, 216U);
  EXPECT_EQ(sizeof(ExemplarRecord), 256U);
  EXPECT_EQ(alignof(ExemplarRecord), 64U);
  EXPECT_EQ(offsetof(ExemplarRecord, claimed_unix_ns), 0U);
  EXPECT_EQ(offsetof(ExemplarRecord, checksum), 8U);
  EXPECT_EQ(offsetof(ExemplarRecord, value), 16U);
  EXPECT_EQ(offsetof(ExemplarRecord, unix_ns), 24U);
  EXPECT_EQ(offsetof(ExemplarRecord, label_bytes), 32U);
  EXPECT_EQ(offsetof(ExemplarRecord, labels), 40U);
}

TEST(LayoutTest, LeasesLieWhereTheyAlwaysLay) {
  EXPECT_EQ(kLeaseShards, 64U);
  EXPECT_EQ(kEntriesPerChunk, 8U);
  EXPECT_EQ(kMaxKeyBytes, 320U);
  EXPECT_EQ(kNoDeadline, INT64_MAX);
  EXPECT_EQ(kMutexLibrary, 1U);

  EXPECT_EQ(kChainKinds, 3U);
  EXPECT_EQ(sizeof(LeaseShard), 256U);
  EXPECT_EQ(alignof(LeaseShard), 64U);
  EXPECT_EQ(offsetof(LeaseShard, mutex), 0U);
#ifdef __x86_64__
  EXPECT_EQ(sizeof(pthread_mutex_t), 40U);
#else
  EXPECT_EQ(sizeof(pthread_mutex_t), 48U);  // so the signature differs, and each refuses the other's segments
#endif
  EXPECT_EQ(offsetof(LeaseShard, turn), 40U);
  EXPECT_EQ(offsetof(LeaseShard, leases), 64U);
  EXPECT_EQ(offsetof(LeaseShard, ledger), 80U);
  EXPECT_EQ(offsetof(LeaseShard, returned), 128U);
  EXPECT_EQ(sizeof(ReturnedLeases), 128U);
  EXPECT_EQ(offsetof(ReturnedLeases, entries), 8U);
  EXPECT_EQ(sizeof(EntryTable), 16U);
  EXPECT_EQ(offsetof(EntryTable, first_chunk), 0U);
  EXPECT_EQ(offsetof(EntryTable, free), 4U);
  EXPECT_EQ(offsetof(EntryTable, entry_count), 8U);
  EXPECT_EQ(offsetof(EntryTable, swept), 12U);
  EXPECT_EQ(sizeof(EntryChunk), 64U);
  EXPECT_EQ(offsetof(EntryChunk, next), 0U);
  EXPECT_EQ(sizeof(EntryHead), 16U);
  EXPECT_EQ(offsetof(EntryHead, next), 0U);
  EXPECT_EQ(offsetof(EntryHead, key_bytes), 4U);
  EXPECT_EQ(offsetof(EntryHead, hash), 8U);
  EXPECT_EQ(sizeof(LeaseState), 16U);
  EXPECT_EQ(offsetof(LeaseState, generation), 0U);
  EXPECT_EQ(offsetof(LeaseState, deadline_ns), 8U);
  EXPECT_EQ(sizeof(LeaseLinks), 64U);
  EXPECT_EQ(offsetof(LeaseLinks, expires_ns), 48U);
  EXPECT_EQ(offsetof(LeaseLinks, reserved), 56U);
  EXPECT_EQ(sizeof(LeaseEntry), 448U);
  EXPECT_EQ(offsetof(LeaseEntry, links), 48U);
  EXPECT_EQ(offsetof(LeaseEntry, state), 16U);
  EXPECT_EQ(offsetof(LeaseEntry, owner_epoch), 32U);
  EXPECT_EQ(offsetof(LeaseEntry, owner_slot), 40U);
  EXPECT_EQ(offsetof(LeaseEntry, family), 44U);
  EXPECT_EQ(offsetof(LeaseEntry, amount), 112U);
  EXPECT_EQ(offsetof(LeaseEntry, key), 128U);
  EXPECT_EQ(sizeof(LedgerState), 16U);
  EXPECT_EQ(offsetof(LedgerState, day), 0U);
  EXPECT_EQ(offsetof(LedgerState, restored), 4U);
  EXPECT_EQ(offsetof(LedgerState, amount), 8U);
  EXPECT_EQ(sizeof(LedgerEntry), 448U);
  EXPECT_EQ(offsetof(LedgerEntry, days), 16U);
  EXPECT_EQ(offsetof(LedgerEntry, generation), 80U);
  EXPECT_EQ(offsetof(LedgerEntry, key_class), 88U);
  EXPECT_EQ(offsetof(LedgerEntry, key), 128U);
}

TEST(LayoutTest, HistogramCellIsCountThenSum) {
  EXPECT_EQ(sizeof(HistogramCell), 16U);
  EXPECT_EQ(alignof(HistogramCell), 16U);
  EXPECT_EQ(offsetof(HistogramCell, count), 0U);
  EXPECT_EQ(offsetof(HistogramCell, sum), 8U);
}

TEST(LayoutTest, EnumerationsKeepTheirValues) {
  EXPECT_EQ(static_cast<int>(RecordKind::kFamily), 1);
  EXPECT_EQ(static_cast<int>(RecordKind::kSeries), 2);
  EXPECT_EQ(static_cast<int>(MetricType::kCounter), 1);
  EXPECT_EQ(static_cast<int>(MetricType::kFractionalCounter), 2);
  EXPECT_EQ(static_cast<int>(MetricType::kGauge), 3);
  EXPECT_EQ(static_cast<int>(MetricType::kHistogram), 4);
  EXPECT_EQ(static_cast<int>(GaugeMode::kNone), 0);
  EXPECT_EQ(static_cast<int>(GaugeMode::kSum), 1);
  EXPECT_EQ(static_cast<int>(GaugeMode::kMin), 2);
  EXPECT_EQ(static_cast<int>(GaugeMode::kMax), 3);
  EXPECT_EQ(static_cast<int>(GaugeMode::kMostRecent), 4);
  EXPECT_EQ(static_cast<int>(GaugeMode::kPerWorker), 5);
  EXPECT_EQ(static_cast<int>(GaugeMode::kLast), 6);
  EXPECT_EQ(static_cast<int>(GaugeMode::kLeases), 7);
  EXPECT_EQ(static_cast<int>(GaugeMode::kInfo), 8);
  EXPECT_EQ(static_cast<int>(TenureStage::kClaiming), 0);
  EXPECT_EQ(static_cast<int>(TenureStage::kLiving), 1);
  EXPECT_EQ(static_cast<int>(TenureStage::kEnded), 2);
  EXPECT_EQ(static_cast<int>(Visibility::kShown), 1);
  EXPECT_EQ(static_cast<int>(Visibility::kHidden), 2);
  EXPECT_EQ(static_cast<int>(Refusal::kInvalidDefinition), 0);
  EXPECT_EQ(static_cast<int>(Refusal::kConflict), 1);
  EXPECT_EQ(static_cast<int>(Refusal::kNameCollision), 2);
  EXPECT_EQ(static_cast<int>(Refusal::kInvalidLabels), 3);
  EXPECT_EQ(static_cast<int>(Refusal::kSeriesLimit), 4);
  EXPECT_EQ(static_cast<int>(Refusal::kSegmentFull), 5);
  EXPECT_EQ(static_cast<int>(Refusal::kOutOfMemory), 6);
  EXPECT_EQ(static_cast<int>(Refusal::kNoFreeSlot), 7);
  EXPECT_EQ(static_cast<int>(Refusal::kCorrupt), 8);
  EXPECT_EQ(static_cast<int>(Refusal::kLeaseTableFull), 9);
  EXPECT_EQ(static_cast<int>(Refusal::kLedgerFull), 10);
  EXPECT_EQ(static_cast<int>(Refusal::kBusy), 11);
  EXPECT_EQ(static_cast<int>(Refusal::kForeignNamespace), 12);
  EXPECT_EQ(static_cast<int>(Refusal::kUnrecoverable), 13);
  EXPECT_EQ(static_cast<int>(Refusal::kInvalidExemplar), 14);
  EXPECT_EQ(static_cast<int>(Refusal::kNotOpenable), 15);
  EXPECT_EQ(static_cast<int>(Refusal::kAbsent), 16);
  EXPECT_EQ(static_cast<int>(Refusal::kUnknown), 17);
  EXPECT_EQ(static_cast<int>(Refusal::kNotFollowed), 18);
}

}  // namespace
}  // namespace shmetrics::shm::layout

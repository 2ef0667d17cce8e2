#include "shm/segment/segment_header.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

#include "shm/base/pid_namespace.h"
#include "shm/leases/namespace_lock.h"
#include "shm/segment/segment_options.h"
#include "tests/support/bare_worker.h"

namespace shmetrics::shm {
namespace {

using testing::SmallSegment;

struct Range {
  const char* name;
  std::function<void(SegmentOptions*, std::uint64_t)> set;
  std::uint64_t lowest, highest;
};
void PrintTo(const Range& range, std::ostream* out) { *out << range.name; }

class OptionRangeTest : public ::testing::TestWithParam<Range> {
 protected:
  static Result<void> With(std::uint64_t value) {
    SegmentOptions options = SmallSegment();
    GetParam().set(&options, value);
    return CheckOptions(options);
  }
};

TEST_P(OptionRangeTest, EndsWhereItIsSaidTo) {
  const Range& range = GetParam();
  EXPECT_TRUE(With(range.lowest).ok());
  EXPECT_TRUE(With(range.highest).ok());
  for (const std::uint64_t value : {range.lowest - 1, range.highest + 1}) {
    if (value == UINT64_MAX) continue;  // below zero
    const Result<void> refused = With(value);
    ASSERT_FALSE(refused.ok()) << value;
    EXPECT_EQ(refused.error().code, ErrorCode::kBadOption);
    for (const std::uint64_t number : {value, range.lowest, range.highest}) {
      EXPECT_NE(refused.error().message.find(std::to_string(number)), std::string::npos)
          << refused.error().message;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Of, OptionRangeTest,
    ::testing::Values(
        Range{"Bytes", [](auto* o, auto v) { o->bytes = v; }, 1U << 20U, 64ULL << 30U},
        Range{"SeriesLimit",
              [](auto* o, auto v) {
                o->series_limit = static_cast<std::uint32_t>(v);
                o->family_series_limit = 1;
              },
              16, 1U << 24U},
        Range{"FamilySeriesLimit",
              [](auto* o, auto v) { o->family_series_limit = static_cast<std::uint32_t>(v); }, 1, 1'000},
        Range{"SlotCount", [](auto* o, auto v) { o->slot_count = static_cast<std::uint32_t>(v); }, 1, 65'536},
        Range{"LeaseLimit", [](auto* o, auto v) { o->lease_limit = static_cast<std::uint32_t>(v); }, 512,
              1'048'576},
        Range{"LedgerLimit", [](auto* o, auto v) { o->ledger_limit = static_cast<std::uint32_t>(v); }, 512,
              1'048'576},
        Range{"MaxCpuStripes", [](auto* o, auto v) { o->max_cpu_stripes = static_cast<std::uint32_t>(v); }, 0,
              4'096}),
    [](const auto& test) { return test.param.name; });

/// Checks it with the size that the header itself gives.
Result<void> Check(const layout::Header& header) { return CheckHeader("path", header, header.segment_bytes); }

TEST(SegmentHeaderTest, WhatIsMadeByAnyAllowedLimitsIsAccepted) {
  for (const std::uint32_t lease_limit : {512U, 513U, 4'097U, 65'536U, 1'048'575U, 1'048'576U}) {
    for (const std::uint32_t ledger_limit : {512U, 1'000U, 1'048'576U}) {
      SegmentOptions options;
      options.lease_limit = lease_limit;
      options.ledger_limit = ledger_limit;
      ASSERT_TRUE(CheckOptions(options).ok());
      const layout::Header header = MakeHeader(options).value();
      const Result<void> checked = Check(header);
      EXPECT_TRUE(checked.ok()) << lease_limit << ", " << ledger_limit << ": " << checked.error().message;
      EXPECT_EQ(header.lease_limit, lease_limit);
      EXPECT_EQ(header.ledger_limit, ledger_limit);
    }
  }
}

TEST(SegmentHeaderTest, ChainsAreFewEntriesLongWhereTheLargerTableIsFull) {
  for (const std::uint32_t limit : {512U, 5'000U, 65'536U, 1'048'576U}) {
    SegmentOptions options = SmallSegment();
    options.lease_limit = 512;
    options.ledger_limit = limit;
    const layout::Header header = MakeHeader(options).value();
    EXPECT_TRUE(std::has_single_bit(header.lease_chain_count));
    EXPECT_LE(limit / layout::kLeaseShards, 8 * header.lease_chain_count) << limit;
    EXPECT_GE(std::max(limit / layout::kLeaseShards, 1U), header.lease_chain_count) << "and no memory wasted";
  }
}

TEST(SegmentHeaderTest, EverythingHasItsPlaceBehindWhatComesBefore) {
  SegmentOptions options;
  options.lease_limit = options.ledger_limit = 1'048'576;
  const layout::Header header = MakeHeader(options).value();
  EXPECT_GE(header.chains_offset, header.slots_offset + header.slot_count * sizeof(layout::WorkerSlot));
  EXPECT_GE(header.shards_offset, header.chains_offset + header.chain_count * sizeof(layout::Ref));
  const std::uint64_t heads =
      std::uint64_t{layout::kChainKinds} * layout::kLeaseShards * header.lease_chain_count;
  EXPECT_GE(header.records_offset, header.shards_offset + layout::kLeaseShards * sizeof(layout::LeaseShard) +
                                       heads * sizeof(layout::Ref));
  EXPECT_EQ(header.shards_offset % alignof(layout::LeaseShard), 0U);
}

TEST(SegmentHeaderTest, NamesThePidNamespaceItWasMadeInAndWhetherOthersMayTakeLeases) {
  SegmentOptions options = SmallSegment();
  EXPECT_EQ(MakeHeader(options)->shared_pid_namespaces, 0U);
  EXPECT_EQ(MakeHeader(options)->pid_namespace, PidNamespace());
  EXPECT_NE(PidNamespace(), 0U);
  options.shared_pid_namespaces = true;
  EXPECT_EQ(MakeHeader(options)->shared_pid_namespaces, 1U);
}

TEST(SegmentHeaderTest, NoTwoSegmentsHaveOneName) {
  const layout::Header first = MakeHeader(SmallSegment()).value(),
                       second = MakeHeader(SmallSegment()).value();
  EXPECT_FALSE(std::ranges::equal(first.segment_id, second.segment_id));
}

// Fault L11.
TEST(SegmentHeaderTest, NoTwoSegmentsHaveOneHashKey) {
  const layout::Header first = MakeHeader(SmallSegment()).value(),
                       second = MakeHeader(SmallSegment()).value();
  for (std::size_t word = 0; word < std::size(first.hash_key.words); word++) {
    EXPECT_NE(first.hash_key.words[word], second.hash_key.words[word]);
    EXPECT_NE(first.hash_key.words[word], 0U);
  }
}

TEST(SegmentHeaderTest, AFamilyHasFewOthersInItsChainHoweverFewSeriesAreAllowed) {
  SegmentOptions options = SmallSegment();
  options.series_limit = options.family_series_limit = 16;
  EXPECT_GE(MakeHeader(options)->chain_count, layout::kFewestChains);
  options.series_limit = 200'000;
  EXPECT_GE(2 * MakeHeader(options)->chain_count, options.series_limit);
}

// Damaged headers: tests/corrupt/header_damage_test.cc.

}  // namespace
}  // namespace shmetrics::shm

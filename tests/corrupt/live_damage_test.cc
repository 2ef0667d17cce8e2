// Damages to a segment under its readers, one at a time (faults 23 to 25): a reader that knew the segment
// before and one that comes after both survive, show what is whole, and count what they pass over.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include "shm/snapshot.h"
#include "tests/corrupt/damaged_segment.h"
#include "tests/support/child.h"

namespace shmetrics::testing {
namespace {

using shm::SnapshotReader;
using shm::layout::RecordKind;
using shm::layout::Ref;

constexpr Ref kNowhere = UINT32_MAX;

enum Outcome { kCounted, kHarmless };

struct Damage {
  const char* name;
  Outcome outcome;  ///< for a reader that comes after
  std::function<void(DamagedSegment&)> damage;
};
void PrintTo(const Damage& damage, std::ostream* out) { *out << damage.name; }

class LiveDamageTest : public ::testing::TestWithParam<Damage> {};

TEST_P(LiveDamageTest, IsSurvivedAndCounted) {
  DamagedSegment damaged;
  SnapshotReader before(damaged.AttachReader());
  shm::Snapshot snapshot;
  before.Read(&snapshot);
  ASSERT_EQ(SkippedOf(snapshot), 0U);
  ASSERT_EQ(snapshot.families.size(), 9U);
  GetParam().damage(damaged);
  SnapshotReader after(damaged.AttachReader());
  for (int round = 0; round < 3; round++) {
    before.Read(&snapshot);
    ExpectSane(snapshot);
    EXPECT_EQ(WitnessOf(snapshot), 7U);
    after.Read(&snapshot);
    ExpectSane(snapshot);
    EXPECT_EQ(WitnessOf(snapshot), 7U);
    EXPECT_EQ(SkippedOf(snapshot) > 0, GetParam().outcome == kCounted);
  }
}

/// A damage of the series counter_total{a="x"}.
auto Series(auto change) {
  return [change](DamagedSegment& s) { change(s, s.Series("counter_total", "x")); };
}
/// A damage of a family.
auto Family(const char* name, auto change) {
  return [name, change](DamagedSegment& s) { change(s.Family(name)); };
}
auto Labels(const char* text) {  // all of five bytes, like a="x"
  return Series([text](auto&, auto* series) { std::memcpy(DamagedSegment::Behind(series), text, 5); });
}

INSTANTIATE_TEST_SUITE_P(
    Chains, LiveDamageTest,
    ::testing::Values(
        Damage{"C01_HeadLeadsOutOfTheSegment", kCounted,
               Series([](auto& s, auto* series) { s.HeadOf(series->record)->store(kNowhere); })},
        Damage{"C02_HeadLeadsIntoTheHole", kCounted, Series([](auto& s, auto* series) {
                 s.HeadOf(series->record)->store(static_cast<Ref>(s.live().committed_front.load() / 16));
               })},
        Damage{"C03_HeadLeadsIntoTheHeader", kCounted,
               Series([](auto& s, auto* series) { s.HeadOf(series->record)->store(1); })},
        Damage{"C04_RecordFollowsItself", kCounted,
               Series([](auto& s, auto* series) { series->record.next = s.RefOf(series); })},
        Damage{"C05_TwoRecordsFollowEachOther", kCounted, Series([](auto& s, auto* series) {
                 auto* other = s.Series("counter_total", "y");
                 series->record.next = s.RefOf(other);
                 other->record.next = s.RefOf(series);
               })},
        Damage{"C06_NextLeadsOutOfTheSegment", kCounted,
               Series([](auto&, auto* series) { series->record.next = kNowhere; })},
        Damage{"C07_NextLeadsIntoTheMiddleOfARecord", kCounted, Series([](auto& s, auto* series) {
                 series->record.next = s.RefOf(s.Family("histogram")) + 1;
               })},
        Damage{"C08_KindZero", kCounted,
               Series([](auto&, auto* series) { series->record.kind = RecordKind{0}; })},
        Damage{"C09_KindUnknown", kCounted,
               Series([](auto&, auto* series) { series->record.kind = RecordKind{77}; })},
        Damage{"C10_SeriesCalledAFamily", kCounted,
               Series([](auto&, auto* series) { series->record.kind = RecordKind::kFamily; })},
        Damage{"C11_FamilyCalledASeries", kCounted,
               Family("counter_total", [](auto* family) { family->record.kind = RecordKind::kSeries; })},
        Damage{"C12_HashOfAnotherChain", kHarmless,
               Series([](auto&, auto* series) { series->record.hash++; })}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(Series, LiveDamageTest,
                         ::
                             testing::Values(Damage{"S01_EndlessLabels", kCounted,
                                                    Series([](auto&, auto* series) {
                                                      series->label_bytes = UINT32_MAX;
                                                    })},
                                             Damage{"S02_LabelsToTheEndOfTheSegment", kCounted,
                                                    Series([](auto&, auto* series) {
                                                      series->label_bytes = 200'000;
                                                    })},
                                             Damage{"S03_NoLabels", kCounted, Series([](auto&, auto* series) {
                                                      series->label_bytes = 0;
                                                    })},
                                             Damage{"S04_LabelsCutShort", kCounted,
                                                    Series([](auto&, auto* series) {
                                                      series->label_bytes = 4;
                                                    })},
                                             Damage{"S05_LabelsThatAreNotUtf8", kCounted,
                                                    Labels("a=\"\xff\"")},
                                             Damage{"S06_OtherLabelName", kCounted, Labels("b=\"x\"")},
                                             Damage{"S07_LabelValueWithABareNewline", kCounted,
                                                    Labels("a=\"\n\"")},
                                             Damage{"S08_LabelValueWithABareQuote", kCounted,
                                                    Labels("a=\"\"\"")},
                                             Damage{"S09_LabelValueEndingInABackslash", kCounted,
                                                    Labels("a=\"\\\"")},
                                             Damage{"S10_LabelsWithoutQuotes", kCounted, Labels("a=xyz")},
                                             Damage{"S11_SameLabelsAsAnotherSeries", kCounted,
                                                    Labels("a=\"y\"")},
                                             Damage{"S12_CellsOutOfTheSegment", kCounted,
                                                    Series([](auto&, auto* series) {
                                                      series->cells = UINT64_MAX - 7;
                                                    })},
                                             Damage{"S13_CellsInTheHeader", kCounted,
                                                    Series([](auto&, auto* series) { series->cells = 0; })},
                                             Damage{"S14_CellsMisaligned", kCounted,
                                                    Series([](auto&, auto* series) { series->cells += 3; })},
                                             Damage{
                                                 "S15_CellsOfAnotherStripe", kCounted,
                                                 Series([](auto&, auto* series) { series->cells += 4'096; })},
                                             Damage{"S16_CellsInABlockNotCommitted", kCounted,
                                                    Series([](auto& s, auto* series) {
                                                      series->cells -= s.live().committed_blocks.load() *
                                                                       s.worker.segment().block_bytes();
                                                    })},
                                             Damage{"S17_HistogramAcrossTheEndOfAPage", kCounted,
                                                    [](DamagedSegment& s) {
                                                      auto* series = s.Series("histogram", "x");
                                                      series->cells =
                                                          series->cells / 4'096 * 4'096 + 4'096 - 16;
                                                    }},
                                             Damage{"S18_GaugeOfModeLastInTheHole", kCounted,
                                                    [](DamagedSegment& s) {
                                                      s.Series("last", "x")->cells =
                                                          s.live().committed_front.load();
                                                    }},
                                             Damage{"S19_FamilyOutOfTheSegment", kCounted,
                                                    Series([](auto&, auto* series) {
                                                      series->family = kNowhere;
                                                    })},
                                             Damage{"S20_NoFamily", kCounted,
                                                    Series([](auto&, auto* series) { series->family = 0; })},
                                             Damage{"S21_FamilyIsASeries", kCounted,
                                                    Series([](auto& s, auto* series) {
                                                      series->family = s.RefOf(series);
                                                    })},
                                             Damage{"S22_SeriesOfAHistogramWithACountersCells", kHarmless,
                                                    Series([](auto& s, auto* series) {
                                                      series->family = s.RefOf(s.Family("kounter_total"));
                                                      std::memcpy(DamagedSegment::Behind(series), "a=\"z\"",
                                                                  5);
                                                    })},
                                             Damage{"S23_VisibilityUnknown", kHarmless,
                                                    Series([](auto&, auto* series) {
                                                      series->visibility = shm::layout::Visibility{99};
                                                    })}),
                         [](const auto& test) { return test.param.name; });

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

INSTANTIATE_TEST_SUITE_P(
    Families, LiveDamageTest,
    ::testing::Values(
        Damage{"F01_TypeUnknown", kCounted,
               Family("counter_total", [](auto* f) { f->type = shm::layout::MetricType{9}; })},
        Damage{"F02_CounterWithAGaugeMode", kCounted,
               Family("counter_total", [](auto* f) { f->gauge_mode = shm::layout::GaugeMode::kMax; })},
        Damage{"F03_GaugeModeUnknown", kCounted,
               Family("sum", [](auto* f) { f->gauge_mode = shm::layout::GaugeMode{200}; })},
        Damage{"F04_EmptyName", kCounted, Family("counter_total", [](auto* f) { f->name_bytes = 0; })},
        Damage{"F05_NameRunsIntoTheHelp", kCounted,
               Family("counter_total", [](auto* f) { f->name_bytes++; })},
        Damage{"F06_NameWithANewline", kCounted,
               Family("counter_total", [](auto* f) { DamagedSegment::Behind(f)[3] = '\n'; })},
        Damage{"F07_ReservedName", kCounted,
               Family("counter_total", [](auto* f) { std::memcpy(DamagedSegment::Behind(f), "__", 2); })},
        Damage{"F08_HelpThatIsNotUtf8", kCounted,
               Family("counter_total", [](auto* f) { DamagedSegment::Behind(f)[14] = '\xff'; })},
        Damage{"F09_HelpOfSixtyFiveThousandBytes", kCounted,
               Family("counter_total", [](auto* f) { f->help_bytes = UINT16_MAX; })},
        Damage{"F10_EndlessLabelNames", kCounted,
               Family("counter_total", [](auto* f) { f->label_name_bytes = UINT32_MAX; })},
        Damage{"F11_MoreLabelsThanNames", kCounted,
               Family("counter_total", [](auto* f) { f->label_count = 255; })},
        Damage{"F12_FewerLabelsThanNames", kCounted,
               Family("counter_total", [](auto* f) { f->label_count = 0; })},
        Damage{"F13_CounterWithBounds", kCounted,
               Family("counter_total", [](auto* f) { f->bound_count = 1; })},
        Damage{"F14_HistogramWithoutBounds", kCounted,
               Family("histogram", [](auto* f) { f->bound_count = 0; })},
        Damage{"F15_MoreBoundsThanThereAre", kCounted,
               Family("histogram", [](auto* f) { f->bound_count = 255; })},
        Damage{"F16_BoundIsNotANumber", kCounted,
               Family("histogram", [](auto* f) { std::memcpy(DamagedSegment::Behind(f), &kNaN, 8); })},
        Damage{"F17_BoundsFall", kCounted,
               Family("histogram", [](auto* f) { std::memset(DamagedSegment::Behind(f) + 16, 0, 8); })},
        Damage{"F18_EmbeddedSeriesOutOfTheSegment", kCounted,
               Family("counter_total", [](auto* f) { f->embedded = kNowhere; })},
        Damage{"F19_EmbeddedSeriesOfAnotherFamily", kCounted,
               [](DamagedSegment&
                      s) { s.Family("counter_total")->embedded = s.Family("kounter_total")->embedded; }},
        Damage{"F20_EmbeddedSeriesIsTheFamily", kCounted,
               [](DamagedSegment&
                      s) { s.Family("counter_total")->embedded = s.RefOf(s.Family("counter_total")); }},
        Damage{"F21_EmbeddedSeriesIsAnOrdinaryOne", kCounted,
               [](DamagedSegment&
                      s) { s.Family("counter_total")->embedded = s.RefOf(s.Series("counter_total", "x")); }},
        Damage{"F22_TwoFamiliesOfOneName", kCounted,
               Family("kounter_total", [](auto* f) { DamagedSegment::Behind(f)[0] = 'c'; })},
        Damage{"F23_HistogramBecomesACounter", kCounted,
               Family("histogram", [](auto* f) { f->type = shm::layout::MetricType::kCounter; })},
        Damage{"F24_CountsOfSeriesAndRefusalsAbsurd", kHarmless,
               Family("counter_total",
                      [](auto* f) {
                        f->series_count = UINT32_MAX;
                        f->refused_series = UINT64_MAX;
                      })}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Workers, LiveDamageTest,
    ::testing::Values(
        Damage{"W01_RowInACircle", kCounted, [](DamagedSegment& s) { s.Block()->next = s.RefOf(s.Block()); }},
        Damage{"W02_RowLeadsNowhere", kHarmless, [](DamagedSegment& s) { s.Block()->next = kNowhere; }},
        Damage{"W03_RowBeginsNowhere", kHarmless,
               [](DamagedSegment& s) { s.Slot()->gauge_blocks = kNowhere; }},
        Damage{"W04_RowBeginsMisaligned", kHarmless, [](DamagedSegment& s) { s.Slot()->gauge_blocks++; }},
        Damage{"W05_RowBeginsInARecord", kHarmless,
               [](DamagedSegment& s) { s.Slot()->gauge_blocks = s.RefOf(s.Heads()); }},
        Damage{"W06_MoreGaugesThanABlockHolds", kHarmless,
               [](DamagedSegment& s) { s.Block()->used = UINT32_MAX; }},
        Damage{"W07_GaugeOfNoSeries", kCounted, [](DamagedSegment& s) { s.Block()->series[0] = kNowhere; }},
        Damage{"W08_GaugeOfACounter", kCounted,
               [](DamagedSegment& s) { s.Block()->series[0] = s.RefOf(s.Series("counter_total", "x")); }},
        Damage{"W09_GaugeOfAFamily", kCounted,
               [](DamagedSegment& s) { s.Block()->series[0] = s.RefOf(s.Family("sum")); }},
        Damage{"W10_TwoGaugesOfOneSeries", kCounted,
               [](DamagedSegment& s) { s.Block()->series[1] = s.Block()->series[0].load(); }},
        Damage{"W11_EpochChanges", kHarmless, [](DamagedSegment& s) { s.Slot()->epoch += 5; }},
        Damage{"W12_NameThatIsNotUtf8", kHarmless, [](DamagedSegment& s) { s.Slot()->name[0] = UINT64_MAX; }},
        Damage{"W13_SlotsOfNobody", kHarmless,
               [](DamagedSegment& s) {
                 std::memset(static_cast<void*>(s.Slot() + 1), 0xff, 15 * sizeof *s.Slot());
               }},
        Damage{"W14_SlotNeverClaimed", kHarmless, [](DamagedSegment& s) { s.Slot()->epoch = 0; }}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    LiveWords, LiveDamageTest,
    ::testing::Values(Damage{"L01_FrontCommittedBeyondTheEnd", kHarmless,
                             [](DamagedSegment& s) { s.live().committed_front = UINT64_MAX; }},
                      Damage{"L02_BlocksCommittedBeyondTheBeginning", kHarmless,
                             [](DamagedSegment& s) { s.live().committed_blocks = UINT64_MAX; }},
                      Damage{"L03_UsedIsFull", kHarmless,
                             [](DamagedSegment& s) { s.live().used = UINT64_MAX; }},
                      Damage{"L04_CountsAbsurd", kHarmless,
                             [](DamagedSegment& s) {
                               s.live().series_count = UINT64_MAX;
                               s.live().family_count = UINT64_MAX;
                               s.live().ticket = UINT64_MAX;
                               for (auto& refusals : s.live().refusals) refusals = UINT64_MAX;
                             }}),
    [](const auto& test) { return test.param.name; });

// Nothing of the front is committed any more, so nothing can be shown, and nothing may be touched.
TEST(LiveDamageTest, SegmentThatSaysItIsEmptyIsShownEmpty) {
  DamagedSegment damaged;
  damaged.live().committed_front = 0;
  SnapshotReader reader(damaged.AttachReader());
  shm::Snapshot snapshot;
  reader.Read(&snapshot);
  ExpectSane(snapshot);
  EXPECT_TRUE(snapshot.families.empty());
  EXPECT_GT(snapshot.skipped.chains, 0U);
}

/// A segment of many chains, with 1,000 series of `label_bytes` bytes each.
class CrowdedSegment : public DamagedSegment {
 public:
  explicit CrowdedSegment(std::size_t label_bytes) {
    const std::string padding(label_bytes, 'x');
    for (int i = 0; i < 1'000; i++)
      crowd.Count(CounterNamed("crowd_total", {"n", "padding"}), {std::to_string(i), padding},
                  std::uint64_t{1});
  }
  void ReadTwice(shm::Snapshot* snapshot) const {
    SnapshotReader reader(shm::Segment::Attach(crowd_path, shm::Segment::Access::kReadOnly).value());
    reader.Read(snapshot);
    reader.Read(snapshot);
  }
  std::atomic<Ref>* CrowdHeads() {
    return reinterpret_cast<std::atomic<Ref>*>(crowd.segment().base() +
                                               crowd.segment().header().chains_offset);
  }

  std::string crowd_path = folder / "crowd";
  BareWorker crowd{crowd_path,
                   {.bytes = 64U << 20U, .series_limit = 1U << 17U, .family_series_limit = 1'000}};
};

TEST(LiveDamageTest, ChainsThatAllLeadIntoOneAreWalkedOnlySoFar) {
  CrowdedSegment segment(1);
  std::vector<Ref> refs;
  const std::uint32_t chain_count = segment.crowd.segment().header().chain_count;
  for (std::uint32_t chain = 0; chain < chain_count; chain++) {
    for (Ref ref = segment.CrowdHeads()[chain]; ref != 0;
         ref = segment.crowd.segment().AtRef<shm::layout::Record>(ref)->next)
      refs.push_back(ref);
  }
  for (std::size_t i = 0; i + 1 < refs.size(); i++)
    segment.crowd.segment().AtRef<shm::layout::Record>(refs[i])->next = refs[i + 1];
  for (std::uint32_t chain = 0; chain < chain_count; chain++) segment.CrowdHeads()[chain] = refs[0];
  shm::Snapshot snapshot;
  segment.ReadTwice(&snapshot);
  ExpectSane(snapshot);
  EXPECT_EQ(snapshot.families.at(0).series.size(), 1'000U);
  EXPECT_GT(snapshot.skipped.chains, 0U);
  // An honest segment has no more records than its limits say; so many may be met, and not each a thousand
  // times.
  EXPECT_LE(snapshot.skipped.series, 2U * ((1U << 17U) + (1U << 16U)));
}

/// By how many kilobytes `body` makes a process larger.
void ExpectToTakeAtMost(long kilobytes, const std::function<void()>& body) {
  EXPECT_EQ(RunInChild([&] {
              rusage before{}, after{};
              getrusage(RUSAGE_SELF, &before);
              body();
              getrusage(RUSAGE_SELF, &after);
              EXPECT_LE(after.ru_maxrss - before.ru_maxrss, kilobytes);
            }),
            0);
}

TEST(LiveDamageTest, CircleOfLongLabelsTakesNoMemory) {
  CrowdedSegment segment(4'000);
  Ref ref = 0;
  for (std::uint32_t chain = 0; ref == 0; chain++) ref = segment.CrowdHeads()[chain];
  auto* record = segment.crowd.segment().AtRef<shm::layout::Record>(ref);
  record->next = ref;
  ExpectToTakeAtMost(100'000, [&] {  // to read 4 MB of texts
    shm::Snapshot snapshot;
    segment.ReadTwice(&snapshot);
    EXPECT_GT(snapshot.skipped.chains, 0U);
  });
}

TEST(LiveDamageTest, HeadsTurnedBackAgainAndAgainTakeNoMemory) {
  CrowdedSegment segment(4'000);
  ExpectToTakeAtMost(100'000, [&] {
    SnapshotReader reader(shm::Segment::Attach(segment.crowd_path, shm::Segment::Access::kReadOnly).value());
    shm::Snapshot snapshot;
    reader.Read(&snapshot);
    const std::uint32_t chain_count = segment.crowd.segment().header().chain_count;
    std::vector<Ref> hidden(chain_count, 0);
    for (int round = 0; round < 100; round++) {
      for (std::uint32_t chain = 0; chain < chain_count; chain++) {
        hidden[chain] = segment.CrowdHeads()[chain].exchange(hidden[chain]);
      }
      reader.Read(&snapshot);
    }
    EXPECT_EQ(snapshot.families.at(0).series.size(), 1'000U);
  });
}

}  // namespace
}  // namespace shmetrics::testing

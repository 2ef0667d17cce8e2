// Damage to worker slots, gauge rows and the mutable header while readers use them (faults 23 to 25).

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

#include "tests/corrupt/live_damage.h"

namespace shmetrics::testing {
namespace {

class WorkerDamageTest : public ::testing::TestWithParam<Damage> {};

TEST_P(WorkerDamageTest, IsSurvivedAndCounted) { ExpectSurvived(GetParam()); }

const Damage kWorkerDamages[] = {
    Damage{"W01_RowInACircle", kCounted, [](DamagedSegment& s) { s.Block()->next = s.RefOf(s.Block()); }},
    Damage{"W02_RowLeadsNowhere", kHarmless, [](DamagedSegment& s) { s.Block()->next = kNowhere; }},
    Damage{"W03_RowBeginsNowhere", kHarmless, [](DamagedSegment& s) { s.Slot()->gauge_blocks = kNowhere; }},
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
    Damage{"W14_SlotNeverClaimed", kHarmless, [](DamagedSegment& s) { s.Slot()->epoch = 0; }},
};

INSTANTIATE_TEST_SUITE_P(Workers, WorkerDamageTest, ::testing::ValuesIn(kWorkerDamages),
                         [](const auto& test) { return test.param.name; });

const Damage kLiveWordDamages[] = {
    Damage{"L01_FrontCommittedBeyondTheEnd", kHarmless,
           [](DamagedSegment& s) { s.mutable_header().committed_front = UINT64_MAX; }},
    Damage{"L02_BlocksCommittedBeyondTheBeginning", kHarmless,
           [](DamagedSegment& s) { s.mutable_header().committed_blocks = UINT64_MAX; }},
    Damage{"L03_UsedIsFull", kHarmless, [](DamagedSegment& s) { s.mutable_header().used = UINT64_MAX; }},
    Damage{"L04_CountsAbsurd", kHarmless,
           [](DamagedSegment& s) {
             s.mutable_header().series_count = UINT64_MAX;
             s.mutable_header().family_count = UINT64_MAX;
             s.mutable_header().ticket = UINT64_MAX;
             for (auto& refusals : s.mutable_header().refusals) refusals = UINT64_MAX;
           }},
};

INSTANTIATE_TEST_SUITE_P(LiveWords, WorkerDamageTest, ::testing::ValuesIn(kLiveWordDamages),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace shmetrics::testing

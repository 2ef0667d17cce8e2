// Damage to the hash chains while readers use them, one kind at a time (faults 23 to 25).

#include <gtest/gtest.h>

#include <cstdint>

#include "shm/layout/layout.h"
#include "tests/corrupt/live_damage.h"

namespace shmetrics::testing {
namespace {

using shm::layout::RecordKind;
using shm::layout::Ref;

class ChainDamageTest : public ::testing::TestWithParam<Damage> {};

TEST_P(ChainDamageTest, IsSurvivedAndCounted) { ExpectSurvived(GetParam()); }

const Damage kChainDamages[] = {
    Damage{"C01_HeadLeadsOutOfTheSegment", kCounted,
           ToSeries([](auto& s, auto* series) { s.HeadOf(series->record)->store(kNowhere); })},
    Damage{
        "C02_HeadLeadsIntoTheHole", kCounted, ToSeries([](auto& s, auto* series) {
          s.HeadOf(series->record)->store(static_cast<Ref>(s.mutable_header().committed_front.load() / 16));
        })},
    Damage{"C03_HeadLeadsIntoTheHeader", kCounted,
           ToSeries([](auto& s, auto* series) { s.HeadOf(series->record)->store(1); })},
    Damage{"C04_RecordFollowsItself", kCounted,
           ToSeries([](auto& s, auto* series) { series->record.next = s.RefOf(series); })},
    Damage{"C05_TwoRecordsFollowEachOther", kCounted, ToSeries([](auto& s, auto* series) {
             auto* other = s.Series("many", "1");
             series->record.next = s.RefOf(other);
             other->record.next = s.RefOf(series);
           })},
    Damage{"C06_NextLeadsOutOfTheSegment", kCounted,
           ToSeries([](auto&, auto* series) { series->record.next = kNowhere; })},
    Damage{"C07_NextLeadsIntoTheMiddleOfARecord", kCounted,
           ToSeries([](auto& s, auto* series) { series->record.next = s.RefOf(s.Family("histogram")) + 1; })},
    Damage{"C08_KindZero", kCounted,
           ToSeries([](auto&, auto* series) { series->record.kind = RecordKind{0}; })},
    Damage{"C09_KindUnknown", kCounted,
           ToSeries([](auto&, auto* series) { series->record.kind = RecordKind{77}; })},
    Damage{"C10_SeriesCalledAFamily", kCounted,
           ToSeries([](auto&, auto* series) { series->record.kind = RecordKind::kFamily; })},
    Damage{"C11_FamilyCalledASeries", kCounted,
           ToFamily("counter_total", [](auto* family) { family->record.kind = RecordKind::kSeries; })},
    Damage{"C12_HashOfAnotherChain", kHarmless, ToSeries([](auto&, auto* series) { series->record.hash++; })},
};

INSTANTIATE_TEST_SUITE_P(Chains, ChainDamageTest, ::testing::ValuesIn(kChainDamages),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace shmetrics::testing

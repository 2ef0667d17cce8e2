// Damage to series while readers use them, one kind at a time (faults 23 to 25).

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

#include "tests/corrupt/live_damage.h"

namespace shmetrics::testing {
namespace {

auto Labels(const char* text) {  // each has five bytes, like a="x"
  return ToSeries([text](auto&, auto* series) { std::memcpy(DamagedSegment::Behind(series), text, 5); });
}

class SeriesDamageTest : public ::testing::TestWithParam<Damage> {};

TEST_P(SeriesDamageTest, IsSurvivedAndCounted) { ExpectSurvived(GetParam()); }

const Damage kSeriesDamages[] = {
    Damage{"S01_EndlessLabels", kCounted,
           ToSeries([](auto&, auto* series) { series->label_bytes = UINT32_MAX; })},
    Damage{"S02_LabelsToTheEndOfTheSegment", kCounted,
           ToSeries([](auto&, auto* series) { series->label_bytes = 200'000; })},
    Damage{"S03_NoLabels", kCounted, ToSeries([](auto&, auto* series) { series->label_bytes = 0; })},
    Damage{"S04_LabelsCutShort", kCounted, ToSeries([](auto&, auto* series) { series->label_bytes = 4; })},
    Damage{"S05_LabelsThatAreNotUtf8", kCounted, Labels("a=\"\xff\"")},
    Damage{"S06_OtherLabelName", kCounted, Labels("b=\"x\"")},
    Damage{"S07_LabelValueWithABareNewline", kCounted, Labels("a=\"\n\"")},
    Damage{"S08_LabelValueWithABareQuote", kCounted, Labels("a=\"\"\"")},
    Damage{"S09_LabelValueEndingInABackslash", kCounted, Labels("a=\"\\\"")},
    Damage{"S10_LabelsWithoutQuotes", kCounted, Labels("a=xyz")},
    Damage{"S11_SameLabelsAsAnotherSeries", kCounted, Labels("a=\"y\"")},
    Damage{"S12_CellsOutOfTheSegment", kCounted,
           ToSeries([](auto&, auto* series) { series->cells = UINT64_MAX - 7; })},
    Damage{"S13_CellsInTheHeader", kCounted, ToSeries([](auto&, auto* series) { series->cells = 0; })},
    Damage{"S14_CellsMisaligned", kCounted, ToSeries([](auto&, auto* series) { series->cells += 3; })},
    Damage{"S15_CellsOfAnotherStripe", kCounted,
           ToSeries([](auto&, auto* series) { series->cells += 4'096; })},
    Damage{"S16_CellsInABlockNotCommitted", kCounted, ToSeries([](auto& s, auto* series) {
             series->cells -= s.mutable_header().committed_blocks.load() * s.worker.segment().block_bytes();
           })},
    Damage{"S17_HistogramAcrossTheEndOfAPage", kCounted,
           [](DamagedSegment& s) {
             auto* series = s.Series("histogram", "x");
             series->cells = series->cells / 4'096 * 4'096 + 4'096 - 16;
           }},
    Damage{
        "S18_GaugeOfModeLastInTheHole", kCounted,
        [](DamagedSegment& s) { s.Series("last", "x")->cells = s.mutable_header().committed_front.load(); }},
    Damage{"S19_FamilyOutOfTheSegment", kCounted,
           ToSeries([](auto&, auto* series) { series->family = kNowhere; })},
    Damage{"S20_NoFamily", kCounted, ToSeries([](auto&, auto* series) { series->family = 0; })},
    Damage{"S21_FamilyIsASeries", kCounted,
           ToSeries([](auto& s, auto* series) { series->family = s.RefOf(series); })},
    Damage{"S22_SeriesOfAHistogramWithACountersCells", kHarmless, ToSeries([](auto& s, auto* series) {
             series->family = s.RefOf(s.Family("kounter_total"));
             std::memcpy(DamagedSegment::Behind(series), "a=\"z\"", 5);
           })},
    Damage{"S23_VisibilityUnknown", kHarmless,
           ToSeries([](auto&, auto* series) { series->visibility = shm::layout::Visibility{99}; })},
};

INSTANTIATE_TEST_SUITE_P(Series, SeriesDamageTest, ::testing::ValuesIn(kSeriesDamages),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace shmetrics::testing

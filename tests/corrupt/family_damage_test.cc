// Damage to families while readers use them, one kind at a time (faults 23 to 25).

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <limits>

#include "tests/corrupt/live_damage.h"

namespace shmetrics::testing {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

class FamilyDamageTest : public ::testing::TestWithParam<Damage> {};

TEST_P(FamilyDamageTest, IsSurvivedAndCounted) { ExpectSurvived(GetParam()); }

const Damage kFamilyDamages[] = {
    Damage{"F01_TypeUnknown", kCounted,
           ToFamily("counter_total", [](auto* f) { f->type = shm::layout::MetricType{9}; })},
    Damage{"F02_CounterWithAGaugeMode", kCounted,
           ToFamily("counter_total", [](auto* f) { f->gauge_mode = shm::layout::GaugeMode::kMax; })},
    Damage{"F03_GaugeModeUnknown", kCounted,
           ToFamily("sum", [](auto* f) { f->gauge_mode = shm::layout::GaugeMode{200}; })},
    Damage{"F04_EmptyName", kCounted, ToFamily("counter_total", [](auto* f) { f->name_bytes = 0; })},
    Damage{"F05_NameRunsIntoTheHelp", kCounted, ToFamily("counter_total", [](auto* f) { f->name_bytes++; })},
    Damage{"F06_NameWithANewline", kCounted,
           ToFamily("counter_total", [](auto* f) { DamagedSegment::Behind(f)[3] = '\n'; })},
    Damage{"F07_ReservedName", kCounted,
           ToFamily("counter_total", [](auto* f) { std::memcpy(DamagedSegment::Behind(f), "__", 2); })},
    Damage{"F08_HelpThatIsNotUtf8", kCounted,
           ToFamily("counter_total", [](auto* f) { DamagedSegment::Behind(f)[14] = '\xff'; })},
    Damage{"F09_HelpOfSixtyFiveThousandBytes", kCounted,
           ToFamily("counter_total", [](auto* f) { f->help_bytes = UINT16_MAX; })},
    Damage{"F10_EndlessLabelNames", kCounted,
           ToFamily("counter_total", [](auto* f) { f->label_name_bytes = UINT32_MAX; })},
    Damage{"F11_MoreLabelsThanNames", kCounted,
           ToFamily("counter_total", [](auto* f) { f->label_count = 255; })},
    Damage{"F12_FewerLabelsThanNames", kCounted,
           ToFamily("counter_total", [](auto* f) { f->label_count = 0; })},
    Damage{"F13_CounterWithBounds", kCounted, ToFamily("counter_total", [](auto* f) { f->bound_count = 1; })},
    Damage{"F14_HistogramWithoutBounds", kCounted,
           ToFamily("histogram", [](auto* f) { f->bound_count = 0; })},
    Damage{"F15_MoreBoundsThanThereAre", kCounted,
           ToFamily("histogram", [](auto* f) { f->bound_count = 255; })},
    Damage{"F16_BoundIsNotANumber", kCounted,
           ToFamily("histogram", [](auto* f) { std::memcpy(DamagedSegment::Behind(f), &kNaN, 8); })},
    Damage{"F17_BoundsFall", kCounted,
           ToFamily("histogram", [](auto* f) { std::memset(DamagedSegment::Behind(f) + 16, 0, 8); })},
    Damage{"F18_EmbeddedSeriesOutOfTheSegment", kCounted,
           ToFamily("counter_total", [](auto* f) { f->embedded = kNowhere; })},
    Damage{
        "F19_EmbeddedSeriesOfAnotherFamily", kCounted,
        [](DamagedSegment& s) { s.Family("counter_total")->embedded = s.Family("kounter_total")->embedded; }},
    Damage{
        "F20_EmbeddedSeriesIsTheFamily", kCounted,
        [](DamagedSegment& s) { s.Family("counter_total")->embedded = s.RefOf(s.Family("counter_total")); }},
    Damage{"F21_EmbeddedSeriesIsAnOrdinaryOne", kCounted,
           [](DamagedSegment&
                  s) { s.Family("counter_total")->embedded = s.RefOf(s.Series("counter_total", "x")); }},
    Damage{"F22_TwoFamiliesOfOneName", kCounted,
           ToFamily("kounter_total", [](auto* f) { DamagedSegment::Behind(f)[0] = 'c'; })},
    Damage{"F23_HistogramBecomesACounter", kCounted,
           ToFamily("histogram", [](auto* f) { f->type = shm::layout::MetricType::kCounter; })},
    Damage{"F24_CountsOfSeriesAndRefusalsAbsurd", kHarmless,
           ToFamily("counter_total",
                    [](auto* f) {
                      f->series_count = UINT32_MAX;
                      f->refused_series = UINT64_MAX;
                    })},
};

INSTANTIATE_TEST_SUITE_P(Families, FamilyDamageTest, ::testing::ValuesIn(kFamilyDamages),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace shmetrics::testing

// Damage to exemplars while readers use them, one kind at a time (faults 23 to 25). A record whose checksum
// does not match is skipped and not counted, because a death leaves such records. A record that matches and
// makes no sense is counted.

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

#include "shm/series/exemplars.h"
#include "tests/corrupt/live_damage.h"

namespace shmetrics::testing {
namespace {

using shm::ExemplarWords;
using shm::layout::ExemplarRecord;

ExemplarWords WordsOf(const ExemplarRecord& record) {
  ExemplarWords words{record.value, record.unix_ns, record.label_bytes, {}};
  for (std::size_t i = 0; i < std::size(words.labels); i++) words.labels[i] = record.labels[i];
  return words;
}

/// Changes the exemplar of a bucket of histogram{a="x"}, and corrects its checksum.
auto Forged(auto change) {
  return [change](DamagedSegment& s) {
    ExemplarRecord& record = s.Exemplars("histogram")[1];
    ExemplarWords words = WordsOf(record);
    change(&words);
    record.value = words.value;
    record.unix_ns = words.unix_ns;
    record.label_bytes = words.label_bytes;
    for (std::size_t i = 0; i < std::size(words.labels); i++) record.labels[i] = words.labels[i];
    // There is no checksum for a length out of bounds: the bytes behind the record belong to others.
    if (words.label_bytes <= shm::layout::kMaxExemplarBytes) record.checksum = shm::ChecksumOf(words);
  };
}

auto Labels(std::string_view text) {
  return Forged([text](ExemplarWords* words) {
    words->label_bytes = text.size();
    std::memcpy(words->labels, text.data(), text.size());
  });
}

auto Value(double value) {
  return Forged([value](ExemplarWords* words) { words->value = std::bit_cast<std::uint64_t>(value); });
}

auto Time(std::uint64_t unix_ns) {
  return Forged([unix_ns](ExemplarWords* words) { words->unix_ns = unix_ns; });
}

auto ToRecord(auto change) {
  return [change](DamagedSegment& s) { change(s.Exemplars("histogram")[1]); };
}

auto LeadTo(auto place) {
  return [place](DamagedSegment& s) { s.Series("histogram", "x")->exemplars = place(s); };
}

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

class ExemplarDamageTest : public ::testing::TestWithParam<Damage> {};

TEST_P(ExemplarDamageTest, IsSurvivedAndTheOtherBucketsExemplarStays) {
  ExpectSurvived(GetParam());
  DamagedSegment damaged;
  GetParam().damage(damaged);
  shm::SnapshotReader reader(damaged.AttachReader());
  shm::Snapshot snapshot;
  reader.Read(&snapshot);
  EXPECT_LE(snapshot.exemplars.size(), 1U) << "the damaged one is shown";
  for (const shm::ExemplarSnapshot& exemplar : snapshot.exemplars) {
    EXPECT_EQ(exemplar.labels, R"(trace_id="9fb4")");
    EXPECT_EQ(exemplar.bucket, 3U);
  }
}

const Damage kExemplarDamages[] = {
    Damage{"E01_Checksum", kHarmless, ToRecord([](auto& record) { record.checksum++; })},
    Damage{"E02_NoChecksum", kHarmless, ToRecord([](auto& record) { record.checksum = 0; })},
    Damage{"E03_ValueWithoutChecksum", kHarmless, ToRecord([](auto& record) { record.value++; })},
    Damage{"E04_LabelWithoutChecksum", kHarmless, ToRecord([](auto& record) { record.labels[0]++; })},
    Damage{"E05_EndlessLabels", kHarmless,
           Forged([](ExemplarWords* words) { words->label_bytes = UINT64_MAX; })},
    Damage{"E06_LabelsPastTheRecord", kHarmless,
           Forged([](ExemplarWords* words) { words->label_bytes = 217; })},
    Damage{"E07_LabelsCutShort", kCounted, Forged([](ExemplarWords* words) { words->label_bytes--; })},
    Damage{"E08_LabelsThatAreNotUtf8", kCounted, Labels("a=\"\xff\"")},
    Damage{"E09_LabelValueWithABareNewline", kCounted, Labels("a=\"\n\"")},
    Damage{"E10_LabelValueWithABareQuote", kCounted, Labels("a=\"\"\"")},
    Damage{"E11_LabelValueThatEndsTheLine", kCounted, Labels("a=\"\"} 1\nevil{b=\"\"")},
    Damage{"E12_LabelNameThatIsNone", kCounted, Labels("a b=\"x\"")},
    Damage{"E13_LabelTwice", kCounted, Labels("a=\"x\",a=\"y\"")},
    Damage{"E14_MoreCharactersThanAllowed", kCounted,
           Labels("a=\"0123456789012345678901234567890123456789012345678901234567890123456789"
                  "01234567890123456789012345678901234567890123456789012345678\"")},
    Damage{"E15_ValueOfAnotherBucket", kCounted, Value(2.5)},
    Damage{"E16_ValueNotANumber", kCounted, Value(kNan)},
    Damage{"E17_ValueInfinite", kCounted, Value(std::numeric_limits<double>::infinity())},
    Damage{"E18_TimeBefore1970", kHarmless, Time(static_cast<std::uint64_t>(-5))},
    Damage{"E19_TimeOfTheFuture", kHarmless, Time(INT64_MAX)},
};

INSTANTIATE_TEST_SUITE_P(Exemplars, ExemplarDamageTest, ::testing::ValuesIn(kExemplarDamages),
                         [](const auto& test) { return test.param.name; });

class ExemplarRefDamageTest : public ::testing::TestWithParam<Damage> {};

TEST_P(ExemplarRefDamageTest, IsSurvived) { ExpectSurvived(GetParam()); }

const Damage kRefDamages[] = {
    Damage{"R01_OutOfTheSegment", kCounted, LeadTo([](auto&) { return kNowhere; })},
    Damage{"R02_Misaligned", kCounted,
           LeadTo([](auto& s) { return s.Series("histogram", "x")->exemplars.load() + 1; })},
    Damage{"R03_IntoTheHole", kCounted, LeadTo([](auto& s) {
             return static_cast<std::uint32_t>(s.mutable_header().committed_front.load() / 16);
           })},
    Damage{"R04_LastRecordPastTheEnd", kCounted, LeadTo([](auto& s) {
             return static_cast<std::uint32_t>((s.mutable_header().committed_front.load() - 768) / 16);
           })},
    Damage{"R05_IntoTheHeader", kHarmless, LeadTo([](auto&) { return std::uint32_t{4}; })},
    Damage{"R06_Nowhere", kHarmless, LeadTo([](auto&) { return std::uint32_t{0}; })},
};

INSTANTIATE_TEST_SUITE_P(Refs, ExemplarRefDamageTest, ::testing::ValuesIn(kRefDamages),
                         [](const auto& test) { return test.param.name; });

// A worker that meets such a record must survive it too.
TEST(DamagedExemplarsTest, AWriterGivesUpWhereNothingIs) {
  DamagedSegment damaged;
  damaged.Series("histogram", "x")->exemplars = kNowhere;
  damaged.worker.Observe(HistogramNamed("histogram", {1, 2, 3}, {"a"}), {"x"}, 1.5, {"trace_id"}, {"n"});
  EXPECT_EQ(damaged.mutable_header().refusals[static_cast<int>(shm::layout::Refusal::kCorrupt)].load(), 1U);
}

TEST(DamagedSeriesTest, ACreationThatCannotBeIsUnknown) {
  DamagedSegment damaged;
  for (const std::int64_t created : {std::int64_t{-1}, INT64_MIN, INT64_MAX}) {
    damaged.Series("counter_total", "x")->created_unix_ns = created;
    shm::SnapshotReader reader(damaged.AttachReader());
    shm::Snapshot snapshot;
    reader.Read(&snapshot);
    EXPECT_EQ(SkippedOf(snapshot), 0U);
    for (const shm::FamilySnapshot& family : snapshot.families) {
      if (family.name != "counter_total") continue;
      EXPECT_EQ(family.series[0].created_unix_ns, 0);
      EXPECT_GT(family.series[1].created_unix_ns, 0);
    }
  }
}

}  // namespace
}  // namespace shmetrics::testing

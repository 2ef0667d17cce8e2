#include "shm/series/family_record.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/bare_worker.h"
#include "tests/support/private_folder.h"

namespace shmetrics::shm {
namespace {

using testing::BareWorker;
using testing::CounterNamed;
using testing::GaugeNamed;
using testing::HistogramNamed;
using testing::PrivateFolder;

class FamilyRecordTest : public ::testing::Test {
 protected:
  layout::FamilyRecord* Write(const FamilyDefinition& definition) {
    const auto offset = worker_.arena().AllocateRecord(FamilyRecordBytes(definition));
    auto* record = worker_.segment().At<layout::FamilyRecord>(offset.value());
    record->record.kind = layout::RecordKind::kFamily;
    WriteFamilyRecord(definition, record);
    return record;
  }
  std::optional<FamilyDefinition> Read(const layout::FamilyRecord* record) {
    return ReadFamilyRecord(worker_.segment(), worker_.segment().RefOf(record));
  }

  PrivateFolder folder_;
  BareWorker worker_{folder_ / "segment"};
};

TEST_F(FamilyRecordTest, DefinitionsComeBackAsTheyWere) {
  FamilyDefinition largest = HistogramNamed(std::string(255, 'n'), {});
  largest.help = std::string(4'096, 'h');
  largest.unit = std::string(255, 'u');
  for (char c = 'A'; c < 'A' + 26; c++) largest.label_names.emplace_back(255, c);
  for (int i = 0; i < 255; i++) largest.bounds.push_back(i / 7.0);
  FamilyDefinition bare = CounterNamed("c_total");
  bare.help = "";
  for (const FamilyDefinition& definition :
       {largest, bare, GaugeNamed("g", layout::GaugeMode::kPerWorker, {"a", "b"}),
        HistogramNamed("h", {-1, 0.5})}) {
    const auto read = Read(Write(definition));
    ASSERT_TRUE(read.has_value()) << definition.name;
    EXPECT_EQ(read->name, definition.name);
    EXPECT_EQ(read->help, definition.help);
    EXPECT_EQ(read->unit, definition.unit);
    EXPECT_TRUE(SameDefinition(*read, definition));
  }
}

TEST_F(FamilyRecordTest, NothingIsReadOutsideTheSegment) {
  EXPECT_FALSE(ReadFamilyRecord(worker_.segment(), 0));
  EXPECT_FALSE(ReadFamilyRecord(worker_.segment(), UINT32_MAX));
  const std::uint64_t end = worker_.segment().mutable_header().committed_front.load();
  FamilyDefinition fits = CounterNamed("c2345678");  // eight bytes between the record and the end
  fits.help = "";
  auto* last = worker_.segment().At<layout::FamilyRecord>(end - 64);
  last->record.kind = layout::RecordKind::kFamily;
  WriteFamilyRecord(fits, last);
  EXPECT_TRUE(Read(last));
  last->help_bytes = 1;
  EXPECT_FALSE(Read(last));
}

TEST_F(FamilyRecordTest, ARecordOfAnotherKindIsNoFamily) {
  auto* record = Write(CounterNamed("c_total"));
  EXPECT_TRUE(Read(record));
  record->record.kind = layout::RecordKind::kSeries;
  EXPECT_FALSE(Read(record));
}

}  // namespace
}  // namespace shmetrics::shm

#include "shm/series/series_record.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "shm/base/clock.h"
#include "tests/support/bare_worker.h"
#include "tests/support/private_folder.h"

namespace shmetrics::shm {
namespace {

class SeriesRecordTest : public ::testing::Test {
 protected:
  testing::PrivateFolder folder_;
  testing::BareWorker worker_{folder_ / "segment"};
  const Segment& segment_ = worker_.segment();
};

TEST_F(SeriesRecordTest, ARecordHoldsWhatWasWritten) {
  const std::string block = R"(a="x")";
  const auto offset = worker_.arena().AllocateRecord(sizeof(layout::SeriesRecord) + block.size());
  auto* series = segment_.At<layout::SeriesRecord>(offset.value());
  const std::int64_t before = NowNs(CLOCK_REALTIME);
  WriteSeriesRecord(series, 7, 0x1234, block, 4'096, layout::Visibility::kHidden);
  EXPECT_EQ(series->record.kind, layout::RecordKind::kSeries);
  EXPECT_EQ(series->record.hash, 0x1234U);
  EXPECT_EQ(series->family, 7U);
  EXPECT_EQ(series->cells, 4'096U);
  EXPECT_EQ(series->visibility.load(), layout::Visibility::kHidden);
  EXPECT_EQ(series->exemplars.load(), 0U);
  EXPECT_GE(series->created_unix_ns, before);
  EXPECT_LE(series->created_unix_ns, NowNs(CLOCK_REALTIME));
  EXPECT_EQ(LabelBlockOf(segment_, *series), block);
}

TEST_F(SeriesRecordTest, ARecordTellsIfItsValuesAreEscaped) {
  const auto offset = worker_.arena().AllocateRecord(sizeof(layout::SeriesRecord) + 16);
  auto* series = segment_.At<layout::SeriesRecord>(offset.value());
  WriteSeriesRecord(series, 7, 1, R"(a="\n")", 0, layout::Visibility::kShown);
  EXPECT_EQ(series->record.has_escapes, 1U);
  WriteSeriesRecord(series, 7, 1, R"(a="n")", 0, layout::Visibility::kShown);
  EXPECT_EQ(series->record.has_escapes, 0U);
}

TEST_F(SeriesRecordTest, LabelsOutsideTheCommittedBytesAreEmpty) {
  const std::uint64_t end = segment_.mutable_header().committed_front.load();
  auto* last = segment_.At<layout::SeriesRecord>(end - 56);  // eight bytes follow it
  last->label_bytes = 8;
  EXPECT_EQ(LabelBlockOf(segment_, *last).size(), 8U);
  last->label_bytes = 9;
  EXPECT_TRUE(LabelBlockOf(segment_, *last).empty());
  last->label_bytes = UINT32_MAX;
  EXPECT_TRUE(LabelBlockOf(segment_, *last).empty());
}

}  // namespace
}  // namespace shmetrics::shm

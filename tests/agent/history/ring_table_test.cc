#include "agent/history/ring_table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace shmetrics::agent {
namespace {

TEST(RingTableTest, AColumnKnowsNothingUntilItIsSet) {
  RingTable table;
  const RingTable::Row row = table.Take().value();
  table.Begin({10});
  table.Set(row, 1.5);
  table.Begin({20, true});
  EXPECT_EQ(table.At(row, 0), std::nullopt);
  EXPECT_EQ(table.At(row, 1), 1.5);
  EXPECT_EQ(table.ColumnAt(0).boot_ns, 20);
  EXPECT_TRUE(table.ColumnAt(0).is_break);
  EXPECT_EQ(table.column_count(), 2U);
}

TEST(RingTableTest, TheOldestColumnMakesRoomForTheNewest) {
  RingTable table;
  const RingTable::Row row = table.Take().value();
  for (std::size_t i = 0; i < RingTable::kColumns + 3; ++i) {
    table.Begin({static_cast<std::int64_t>(i)});
    table.Set(row, static_cast<double>(i));
  }
  EXPECT_EQ(table.column_count(), RingTable::kColumns);
  for (std::size_t age = 0; age < RingTable::kColumns; ++age) {
    EXPECT_EQ(table.At(row, age), static_cast<double>(RingTable::kColumns + 2 - age));
    EXPECT_EQ(table.ColumnAt(age).boot_ns, static_cast<std::int64_t>(RingTable::kColumns + 2 - age));
  }
}

TEST(RingTableTest, EveryDoubleIsAValueAndNoneIsTakenForUnknown) {
  RingTable table;
  const RingTable::Row row = table.Take().value();
  table.Begin({1});
  for (const double value : {0.0, -0.0, 1e308, -std::numeric_limits<double>::infinity(), 5e-324}) {
    table.Set(row, value);
    EXPECT_EQ(table.At(row, 0), value);
  }
  table.Set(row, std::nan("0x756E6B6E"));  // as what stands for unknown
  ASSERT_TRUE(table.At(row, 0).has_value());
  EXPECT_TRUE(std::isnan(*table.At(row, 0)));
}

TEST(RingTableTest, ThereAreAsManyRowsAsPromisedAndARowGivenBackIsEmptyWhenTakenAgain) {
  RingTable table;
  table.Begin({1});
  for (std::size_t i = 0; i < RingTable::kRows; ++i) table.Set(table.Take().value(), 7);
  EXPECT_EQ(table.Take(), std::nullopt);
  table.GiveBack(5);
  EXPECT_EQ(table.used_rows(), RingTable::kRows - 1);
  EXPECT_EQ(table.Take(), 5);
  EXPECT_EQ(table.At(5, 0), std::nullopt) << "what another series had";
  EXPECT_EQ(table.Take(), std::nullopt);
}

}  // namespace
}  // namespace shmetrics::agent

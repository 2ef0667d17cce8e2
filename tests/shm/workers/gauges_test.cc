#include "shm/workers/gauges.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <thread>
#include <vector>

#include "shm/base/fork_guard.h"
#include "shm/workers/gauge_row.h"
#include "tests/support/bare_worker.h"
#include "tests/support/private_folder.h"

namespace shmetrics::shm {
namespace {

using layout::GaugeCell;
using layout::GaugeMode;
using testing::BareWorker;
using testing::PrivateFolder;

TEST(GaugeCellTest, CellIsUnsetUntilItIsSet) {
  GaugeCell cell{};
  EXPECT_EQ(ReadGauge(cell).ticket, 0U);
  SetGauge(&cell, -2.5, GaugeOrder());
  EXPECT_NE(ReadGauge(cell).ticket, 0U);
  EXPECT_EQ(ReadGauge(cell).value, -2.5);
}

TEST(GaugeCellTest, AddingToAnUnsetCellBeginsAtZero) {
  GaugeCell cell{};
  AddToGauge(&cell, 3, GaugeOrder());
  AddToGauge(&cell, -1, GaugeOrder());
  EXPECT_EQ(ReadGauge(cell).value, 2.0);
}

TEST(GaugeCellTest, AnyDoubleCanBeSet) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  GaugeCell cell{};
  for (const double value : {0.0, kInfinity, -kInfinity, std::numeric_limits<double>::denorm_min()}) {
    SetGauge(&cell, value, GaugeOrder());
    EXPECT_EQ(ReadGauge(cell).value, value);
  }
  SetGauge(&cell, std::numeric_limits<double>::quiet_NaN(), GaugeOrder());
  EXPECT_TRUE(std::isnan(ReadGauge(cell).value));
}

TEST(GaugeCellTest, ClearedCellCountsAsNeverSetAndAMovedOneIsNotCleared) {
  GaugeCell cell{};
  SetGauge(&cell, 4, GaugeOrder());
  EXPECT_TRUE(ClearGauge(&cell));
  EXPECT_EQ(ReadGauge(cell).ticket, 0U);
  EXPECT_TRUE(AddToGauge(&cell, 2, GaugeOrder()));
  EXPECT_EQ(ReadGauge(cell).value, 2.0);
  MoveGauge(&cell);
  EXPECT_FALSE(ClearGauge(&cell)) << "it has to be cleared where it is now";
  EXPECT_FALSE(SetGauge(&cell, 5, GaugeOrder()));
}

TEST(GaugeCellTest, ThreadsAddExactlyToOneGauge) {
  GaugeCell cell{};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20'000; n++) {
        AddToGauge(&cell, 2, GaugeOrder());
        AddToGauge(&cell, -1, GaugeOrder());
        static_cast<void>(ReadGauge(cell));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ReadGauge(cell).value, 80'000.0);
}

TEST(GaugeCellTest, MovedCellTakesNoMoreSetsAndSaysSo) {
  GaugeCell cell{};
  EXPECT_TRUE(SetGauge(&cell, 4, GaugeOrder()));
  EXPECT_EQ(MoveGauge(&cell).value, 4.0);
  EXPECT_FALSE(SetGauge(&cell, 5, GaugeOrder()));
  EXPECT_FALSE(AddToGauge(&cell, 5, GaugeOrder()));
  EXPECT_EQ(ReadGauge(cell).ticket, 0U) << "a moved value is shown twice";
  EXPECT_EQ(MoveGauge(&cell).ticket, 0U) << "moved a second time";
  GaugeCell unset{};
  EXPECT_EQ(MoveGauge(&unset).ticket, 0U);
}

TEST(GaugeCellTest, ThreadsLoseNoAddWhenTheValueMoves) {
  for (int round = 0; round < 50; round++) {
    GaugeCell from{}, to{};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; i++) {
      threads.emplace_back([&] {
        for (int n = 0; n < 500; n++) {
          if (!AddToGauge(&from, 1, GaugeOrder())) AddToGauge(&to, 1, GaugeOrder());
        }
      });
    }
    AddToGauge(&to, MoveGauge(&from).value, GaugeOrder());
    for (std::thread& thread : threads) thread.join();
    ASSERT_EQ(ReadGauge(to).value, 1'500.0);
  }
}

class GaugeRowTest : public ::testing::Test {
 protected:
  Result<GaugeCell*> Cell(layout::Ref series) {
    const ForkGuard::Lock lock;
    return cells_.CellOf(slot_, series);
  }
  std::map<layout::Ref, double> Row() {
    std::map<layout::Ref, double> row;
    GaugeBudget budget(worker_.segment());
    ForEachGauge(worker_.segment(), *slot_, &budget, [&](layout::Ref series, const GaugeCell& cell) {
      const GaugeReading reading = ReadGauge(cell);
      if (reading.ticket == 0) return;
      EXPECT_TRUE(row.emplace(series, reading.value).second) << "twice " << series;
    });
    return row;
  }

  PrivateFolder folder_;
  BareWorker worker_{folder_ / "segment"};
  GaugeRow cells_{worker_.segment(), worker_.arena()};
  layout::WorkerSlot* slot_ = [this] {
    const ForkGuard::Lock lock;
    return worker_.slot().Hold().value();
  }();
};

TEST_F(GaugeRowTest, TicketsOrderTheModesThatAskForTheLatest) {
  for (const GaugeMode mode : {GaugeMode::kMostRecent, GaugeMode::kLast}) {
    const GaugeOrder order(worker_.segment(), mode);
    const std::uint64_t first = order.Next();
    EXPECT_GT(first, 0U);
    EXPECT_GT(GaugeOrder(worker_.segment(), mode).Next(), first);
  }
  const std::uint64_t tickets = worker_.segment().mutable_header().ticket.load();
  const GaugeOrder sum(worker_.segment(), GaugeMode::kSum);
  EXPECT_EQ(sum.Next(), 1U);
  EXPECT_EQ(worker_.segment().mutable_header().ticket.load(), tickets) << "a sum keeps no order";
}

TEST_F(GaugeRowTest, MovedValueKeepsItsTicketAndGivesWayToALaterOne) {
  const GaugeOrder order(worker_.segment(), GaugeMode::kMostRecent);
  const std::uint64_t early = order.Next();
  GaugeCell cell{};
  SetGauge(&cell, 1, order);
  PlaceGauge(&cell, {2, early}, order);
  EXPECT_EQ(ReadGauge(cell).value, 1.0);
  const std::uint64_t ahead = order.Next() + 3'600'000'000'000;  // of a process whose clock is ahead
  PlaceGauge(&cell, {3, ahead}, order);
  EXPECT_EQ(ReadGauge(cell).value, 3.0);
  EXPECT_EQ(ReadGauge(cell).ticket, ahead);
  EXPECT_GT(order.Next(), ahead) << "what is set now is later than what has moved in";
}

TEST_F(GaugeRowTest, EverySetShowsThoughTheTicketsAreDamaged) {
  worker_.segment().mutable_header().ticket = UINT64_MAX;
  const GaugeOrder order(worker_.segment(), GaugeMode::kMostRecent);
  GaugeCell cell{};
  for (const double value : {1.0, 2.0}) {
    EXPECT_TRUE(SetGauge(&cell, value, order));
    EXPECT_EQ(ReadGauge(cell).value, value);
    EXPECT_NE(ReadGauge(cell).ticket, 0U);
  }
  GaugeCell moved{};
  PlaceGauge(&moved, {3, UINT64_MAX - 1}, order);
  EXPECT_TRUE(SetGauge(&moved, 4, order));
  EXPECT_EQ(ReadGauge(moved).value, 4.0);
}

TEST_F(GaugeRowTest, SeriesHasOneCell) {
  const auto cell = Cell(7);
  ASSERT_TRUE(cell.ok());
  EXPECT_EQ(Cell(7).value(), cell.value());
  EXPECT_NE(Cell(8).value(), cell.value());
  EXPECT_TRUE(Row().empty()) << "cells that were never set";
}

TEST_F(GaugeRowTest, RowGrowsByBlocksAndKeepsItsCells) {
  constexpr layout::Ref kSeries = 3 * layout::kGaugesPerBlock + 5;
  std::map<layout::Ref, GaugeCell*> cells;
  for (layout::Ref series = 1; series <= kSeries; series++) {
    cells[series] = Cell(series).value();
    SetGauge(cells[series], series, GaugeOrder());
  }
  for (const auto& [series, cell] : cells) EXPECT_EQ(Cell(series).value(), cell);
  const auto row = Row();
  ASSERT_EQ(row.size(), kSeries);
  for (const auto& [series, value] : row) EXPECT_EQ(value, series);
}

TEST_F(GaugeRowTest, NextOwnerFindsAnEmptyRowAndUsesItsMemoryAgain) {
  for (layout::Ref series = 1; series <= 100; series++) SetGauge(Cell(series).value(), 1, GaugeOrder());
  const std::uint64_t used = worker_.segment().mutable_header().used.load();
  slot_->epoch++;
  ClearGaugeRow(worker_.segment(), slot_);
  EXPECT_TRUE(Row().empty());
  for (layout::Ref series = 201; series <= 300; series++) {
    const auto cell = Cell(series);
    EXPECT_EQ(ReadGauge(*cell.value()).ticket, 0U) << "a value of the former owner";
  }
  EXPECT_EQ(worker_.segment().mutable_header().used.load(), used);
}

TEST_F(GaugeRowTest, RowInACircleEndsWithTheBudget) {
  SetGauge(Cell(1).value(), 1, GaugeOrder());
  const layout::Ref ref = slot_->gauge_blocks.load();
  worker_.segment().AtRef<layout::GaugeBlock>(ref)->next = ref;
  GaugeBudget budget(worker_.segment());
  std::uint64_t visited = 0;
  const auto count = [&](layout::Ref, const GaugeCell&) { visited++; };
  ForEachGauge(worker_.segment(), *slot_, &budget, count);
  EXPECT_LE(visited, worker_.segment().CommittedBytes() / sizeof(layout::GaugeBlock));
  visited = 0;
  ForEachGauge(worker_.segment(), *slot_, &budget, count);
  EXPECT_EQ(visited, 0U) << "the budget is for all rows together";
}

TEST_F(GaugeRowTest, RowThatCannotGrowIsRefused) {
  while (worker_.arena().AllocateRecord(1'024).ok()) {
  }
  const auto cell = Cell(1);
  ASSERT_FALSE(cell.ok());
  EXPECT_EQ(cell.error().code, ErrorCode::kSegmentFull);
  EXPECT_TRUE(Row().empty());
}

}  // namespace
}  // namespace shmetrics::shm

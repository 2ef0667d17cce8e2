#include "agent/history/ring_table.h"

#include <bit>
#include <cmath>
#include <limits>

namespace shmetrics::agent {
namespace {

/// A NaN that no value becomes: Set() gives every NaN the bits of the common one.
constexpr std::uint64_t kUnknownBits = 0x7FF8'0000'756E'6B6EU;
constexpr double kUnknown = std::bit_cast<double>(kUnknownBits);

bool IsUnknown(double value) { return std::bit_cast<std::uint64_t>(value) == kUnknownBits; }

}  // namespace

std::optional<RingTable::Row> RingTable::Take() {
  if (!free_.empty()) {
    const Row row = free_.back();
    free_.pop_back();
    rows_[row].fill(kUnknown);
    return row;
  }
  if (rows_.size() == kRows) return std::nullopt;
  rows_.emplace_back().fill(kUnknown);
  return static_cast<Row>(rows_.size() - 1);
}

void RingTable::Begin(Column column) {
  newest_ = (newest_ + 1) % kColumns;
  if (columns_.size() == kColumns) columns_.pop_front();
  columns_.push_back(column);
  for (auto& row : rows_) row[newest_] = kUnknown;
}

void RingTable::Set(Row row, double value) {
  rows_[row][newest_] = std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value;
}

std::optional<double> RingTable::At(Row row, std::size_t age) const {
  const double value = rows_[row][PlaceOf(age)];
  return IsUnknown(value) ? std::nullopt : std::optional(value);
}

}  // namespace shmetrics::agent

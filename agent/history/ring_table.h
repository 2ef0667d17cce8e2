#ifndef SHMETRICS_AGENT_HISTORY_RING_TABLE_H_
#define SHMETRICS_AGENT_HISTORY_RING_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace shmetrics::agent {

/// A bounded table of values over time: a row for each series, a column for each moment. When the columns are
/// full, each new one takes the place of the oldest. A row takes memory when it is used first.
class RingTable {
 public:
  static constexpr std::size_t kColumns = 120;
  static constexpr std::size_t kRows = 4'000;
  using Row = std::uint16_t;

  struct Column {
    std::int64_t boot_ns;   ///< CLOCK_BOOTTIME, which nobody sets and which goes on while the host sleeps
    bool is_break = false;  ///< no rate may be computed over the time just before it
  };

  /// A row in which nothing is known yet; nothing if all are in use.
  std::optional<Row> Take();
  void GiveBack(Row row) { free_.push_back(row); }
  std::size_t used_rows() const { return rows_.size() - free_.size(); }

  /// Begins the newest column. Nothing is known in it yet.
  void Begin(Column column);
  /// Sets a value in the newest column. NaN is a value like any other.
  void Set(Row row, double value);

  std::size_t column_count() const { return columns_.size(); }
  /// `age` 0 is the newest column.
  const Column& ColumnAt(std::size_t age) const { return columns_[columns_.size() - 1 - age]; }
  /// The value that was set in a column; nothing if none was.
  std::optional<double> At(Row row, std::size_t age) const;

 private:
  std::size_t PlaceOf(std::size_t age) const { return (newest_ + kColumns - age) % kColumns; }

  // A deque: growing it moves nothing, so it never takes twice its memory.
  std::deque<std::array<double, kColumns>> rows_;
  std::vector<Row> free_;
  std::deque<Column> columns_;  ///< the oldest first
  std::size_t newest_ = kColumns - 1;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HISTORY_RING_TABLE_H_

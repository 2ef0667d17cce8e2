#include "agent/history/ranked_series.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "agent/history/series_value.h"
#include "shm/base/text_hash.h"
#include "shm/layout/enumerations.h"

namespace shmetrics::agent {
namespace {

using shm::FamilySnapshot;
using shm::SeriesSnapshot;
using Series = RankedSeries::Series;

/// How much more active a series must be than the one whose place it takes.
constexpr double kLead = 0.25;
/// At least so many candidates are noted at a look.
constexpr std::size_t kFewestOffers = 32;
/// Series come and go, so one may stand a little before or behind its former place.
constexpr std::uint32_t kNearby = 64;
/// Looking everywhere costs a walk over the whole family.
constexpr std::uint64_t kLooksBetweenSearches = 12;

bool Beats(double activity, double other) {
  return activity > (std::isinf(other) ? other : other + kLead * std::abs(other));
}

bool IsBetter(const ActivityScan::Offer& a, const ActivityScan::Offer& b) {
  return a.activity != b.activity ? a.activity > b.activity : a.value > b.value;
}

bool Is(const SeriesSnapshot& shown, const Series& wanted) {
  return shown.worker == wanted.worker && shown.name_and_labels == wanted.name_and_labels;
}

bool StandsAt(const FamilySnapshot& family, std::int64_t index, const Series& wanted) {
  return index >= 0 && index < static_cast<std::int64_t>(family.series.size()) &&
         Is(family.series[static_cast<std::size_t>(index)], wanted);
}

/// Where a series stands that stood at its index at the last look, while others moved by `shift` since.
std::optional<std::uint32_t> FindNearby(const FamilySnapshot& family, const Series& wanted,
                                        std::int64_t shift) {
  const std::int64_t before = wanted.index;
  if (StandsAt(family, before, wanted)) return wanted.index;
  if (family.gauge_mode == shm::layout::GaugeMode::kLeases) {  // in the order of their labels
    const auto found =
        std::ranges::lower_bound(family.series, wanted.name_and_labels, {}, &SeriesSnapshot::name_and_labels);
    const std::int64_t index = found - family.series.begin();
    return StandsAt(family, index, wanted) ? std::optional(static_cast<std::uint32_t>(index)) : std::nullopt;
  }
  for (std::int64_t distance = 0; distance <= kNearby; ++distance) {
    for (const std::int64_t index : {before + shift - distance, before + shift + distance}) {
      if (StandsAt(family, index, wanted)) return static_cast<std::uint32_t>(index);
    }
  }
  return std::nullopt;
}

/// How active a series was within the table, and how many looks ago.
std::pair<double, std::uint64_t> PeakOf(const RingTable& table, RingTable::Row row, bool is_gauge) {
  std::pair<double, std::uint64_t> peak{is_gauge ? -std::numeric_limits<double>::infinity() : 0, 0};
  for (std::size_t age = 0; age < table.column_count(); ++age) {
    const std::optional<double> value = table.At(row, age);
    if (!value) continue;
    double activity = *value;
    if (!is_gauge) {
      const std::optional<double> before =
          age + 1 < table.column_count() ? table.At(row, age + 1) : std::nullopt;
      activity = before ? *value - *before : 0;
    }
    if (activity > peak.first) peak = {activity, age};
  }
  return peak;
}

/// Leaves in `lost` the series that it found.
void FindAnywhere(const FamilySnapshot& family, std::vector<Series*>* lost) {
  std::unordered_multimap<std::string_view, Series*, shm::TextHash> wanted;
  for (Series* const series : *lost) wanted.emplace(series->name_and_labels, series);
  lost->clear();
  for (std::size_t i = 0; i < family.series.size(); ++i) {
    const auto [begin, end] = wanted.equal_range(family.series[i].name_and_labels);
    for (auto candidate = begin; candidate != end; ++candidate) {
      if (family.series[i].worker != candidate->second->worker) continue;
      candidate->second->index = static_cast<std::uint32_t>(i);
      lost->push_back(candidate->second);
    }
  }
}

/// Writes a present value, and how active the series is by it.
void Note(double value, bool is_gauge, std::uint64_t look, Series* series, RingTable* table) {
  table->Set(series->row, value);
  const double growth = series->last ? value - *series->last : 0;
  const double activity = is_gauge ? value : growth;
  series->last = value;
  if (activity >= series->peak) {
    series->peak = activity;
    series->peak_look = look;
  } else if (look - series->peak_look >= RingTable::kColumns) {
    const auto [peak, age] = PeakOf(*table, series->row, is_gauge);
    series->peak = peak;
    series->peak_look = look - age;
  }
}

}  // namespace

void RankedSeries::Update(const shm::Snapshot& snapshot, const FamilySnapshot& family, std::uint64_t look,
                          bool moved, HistoryRoom* room) {
  std::vector<Series*> lost;
  std::int64_t shift = 0;
  for (Series& series : series_) {
    const std::optional<std::uint32_t> index = moved ? std::nullopt : FindNearby(family, series, shift);
    if (index) {
      shift = std::int64_t{*index} - series.index;
      series.index = *index;
      series.seen_look = look;
    } else {
      lost.push_back(&series);
    }
  }
  if (!lost.empty() && (moved || look - searched_look_ >= kLooksBetweenSearches)) {
    searched_look_ = look;
    FindAnywhere(family, &lost);
    for (Series* const found : lost) found->seen_look = look;
  }
  for (Series& series : series_) {
    if (series.seen_look == look)
      Note(ValueOf(snapshot, family, family.series[series.index]), IsGauge(family), look, &series,
           &room->table);
  }
  for (std::size_t i = series_.size(); i-- > 0;) {
    if (look - series_[i].seen_look >= RingTable::kColumns) GiveUp(i, room);
  }
}

void RankedSeries::ShrinkTo(std::size_t most, HistoryRoom* room) {
  most_ = most;
  while (series_.size() > most) GiveUp(series_.size() - 1, room);
}

void RankedSeries::Consider(const ActivityScan::Offer& offer) {
  if (most_ == 0) return;
  if (series_.size() >= most_ && !Beats(offer.activity, series_.back().peak)) return;
  const std::size_t room = std::max(kFewestOffers, most_ - std::min(most_, series_.size()));
  if (offers_.size() == room) {
    if (!IsBetter(offer, offers_.front())) return;
    std::ranges::pop_heap(offers_, IsBetter);
    offers_.pop_back();
  }
  offers_.push_back(offer);
  std::ranges::push_heap(offers_, IsBetter);
}

void RankedSeries::Admit(const shm::Snapshot& snapshot, const FamilySnapshot& family, std::uint64_t look,
                         HistoryRoom* room) {
  Order();
  std::ranges::sort(offers_, IsBetter);
  std::unordered_set<std::uint32_t> known;
  if (!offers_.empty()) {
    for (const Series& series : series_) {
      if (series.seen_look == look) known.insert(series.index);
    }
  }
  for (const ActivityScan::Offer& offer : offers_) {
    if (known.contains(offer.series)) continue;
    if (series_.size() >= most_) {
      if (!Beats(offer.activity, series_.back().peak)) break;
      GiveUp(series_.size() - 1, room);
    }
    if (!Keep(snapshot, family, offer, look, room)) continue;
    known.insert(offer.series);
    if (series_.size() >= most_) Order();  // so that the last one is the least active
  }
  std::vector<ActivityScan::Offer>().swap(offers_);  // it was large only while the family was new
  Order();
}

bool RankedSeries::Keep(const shm::Snapshot& snapshot, const FamilySnapshot& family,
                        const ActivityScan::Offer& offer, std::uint64_t look, HistoryRoom* room) {
  const SeriesSnapshot& shown = family.series[offer.series];
  if (room->text_bytes + shown.name_and_labels.size() > HistoryRoom::kTextBytes) return false;
  const std::optional<RingTable::Row> row = room->table.Take();
  if (!row) return false;
  room->text_bytes += shown.name_and_labels.size();
  const double value = ValueOf(snapshot, family, shown);
  room->table.Set(*row, value);
  series_.push_back({std::string(shown.name_and_labels), shown.worker, *row, offer.series, offer.activity,
                     look, look, value});
  return true;
}

void RankedSeries::GiveUp(std::size_t index, HistoryRoom* room) {
  const Series& series = series_[index];
  room->table.GiveBack(series.row);
  room->text_bytes -= series.name_and_labels.size();
  series_.erase(series_.begin() + static_cast<std::ptrdiff_t>(index));
}

/// From the last to the first, so that one walk brings a series as far forward as it belongs.
void RankedSeries::Order() {
  for (std::size_t i = series_.size(); i-- > 1;) {
    if (Beats(series_[i].peak, series_[i - 1].peak)) std::swap(series_[i], series_[i - 1]);
  }
}

}  // namespace shmetrics::agent

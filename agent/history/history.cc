#include "agent/history/history.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <span>
#include <string_view>
#include <utility>

#include "agent/history/series_value.h"
#include "client-lib/audio/definitions.h"
#include "shm/layout/enumerations.h"
#include "shm/snapshot/bucket_total.h"
#include "shm/snapshot/saturating_sum.h"

namespace shmetrics::agent {
namespace {

using shm::FamilySnapshot;
using shm::SeriesSnapshot;
using shm::layout::GaugeMode;
using shm::layout::MetricType;

/// These are kept first and get their rows first: they are what the page opens with.
constexpr std::array kFirstFamilies = {audio::kStreamsMetric, audio::kJobsMetric, audio::kViolationsMetric};
/// A first family gets no more, so that others get something too.
constexpr std::size_t kMostOfFirst = 500;
/// Rows left free for families that come next. At the next look more are given up.
constexpr std::size_t kSpareRows = 64;

bool IsFirst(std::string_view name) {
  return std::ranges::find(kFirstFamilies, name) != kFirstFamilies.end();
}

bool IsSame(const History::Family& family, const FamilySnapshot& shown) {
  return family.type == shown.type && family.gauge_mode == shown.gauge_mode && family.unit == shown.unit &&
         std::ranges::equal(family.bounds, shown.bounds);
}

std::size_t BytesOf(std::string_view name, std::string_view unit, std::size_t bounds) {
  return name.size() + unit.size() + bounds * sizeof(double);
}

/// A series without labels is alone in its family.
bool HasLabels(const FamilySnapshot& shown) {
  return shown.series.size() != 1 || shown.series.front().worker >= 0 ||
         !shown.series.front().labels().empty();
}

/// The sum of a family's series; nothing for a gauge that nobody has set.
std::optional<double> SumOf(const FamilySnapshot& shown) {
  if (shown.type == MetricType::kCounter) {
    std::uint64_t sum = 0;
    for (const SeriesSnapshot& series : shown.series) sum += series.integer;
    return static_cast<double>(sum);
  }
  if (shown.series.empty() && IsGauge(shown) && shown.gauge_mode != GaugeMode::kLeases) return std::nullopt;
  if (shown.series.size() == 1) return shown.series.front().number;  // NaN and infinities are values too
  double sum = 0;
  for (const SeriesSnapshot& series : shown.series)
    sum = shm::SaturatingSum(sum, std::isfinite(series.number) ? series.number : 0);
  return sum;
}

/// The largest n for which families of these sizes together take no more than `rows`, if each takes n at most.
std::size_t FairShare(std::span<const std::size_t> sizes, std::size_t rows) {
  const auto taken = [&](std::size_t most) {
    std::size_t sum = 0;
    for (const std::size_t size : sizes) sum += std::min(size, most);
    return sum;
  };
  std::size_t low = 0;
  std::size_t high = RingTable::kRows;
  while (low < high) {
    const std::size_t middle = (low + high + 1) / 2;
    if (taken(middle) <= rows) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

}  // namespace

void History::Add(const shm::Snapshot* snapshot, std::int64_t boot_ns, std::chrono::nanoseconds step) {
  const bool moved = snapshot != nullptr && segment_ && *segment_ != snapshot->segment.id;
  BeginColumn(boot_ns, step, moved);
  if (snapshot == nullptr) return;
  segment_ = snapshot->segment.id;
  MatchFamilies(*snapshot);
  for (std::size_t i = 0; i < matches_.size(); ++i) {
    if (matches_[i] != nullptr) NoteTotal(*snapshot, snapshot->families[i], *matches_[i]);
  }
  ShareOut(*snapshot);
  NoteSeries(*snapshot, moved);
  ForgetGone();
}

/// Fills the time since the last look with columns in which nothing is known, if it is too long.
void History::BeginColumn(std::int64_t boot_ns, std::chrono::nanoseconds step, bool is_break) {
  if (room_.table.column_count() > 0) {
    const std::int64_t last = room_.table.ColumnAt(0).boot_ns;
    const std::int64_t steps = (boot_ns - last + step.count() / 2) / step.count();
    const std::int64_t missed = std::min<std::int64_t>(steps - 1, RingTable::kColumns);
    for (std::int64_t i = 1; i <= missed; ++i) {
      room_.table.Begin({boot_ns - (missed + 1 - i) * step.count()});
      look_++;
    }
  }
  room_.table.Begin({boot_ns, is_break});
  look_++;
}

void History::MatchFamilies(const shm::Snapshot& snapshot) {
  const auto& shown = snapshot.families;
  for (const std::string_view name : kFirstFamilies) {
    const auto found = std::ranges::lower_bound(shown, name, {}, &FamilySnapshot::name);
    if (found != shown.end() && found->name == name) FindOrKeep(*found);
  }
  families_left_out_ = 0;
  matches_.assign(shown.size(), nullptr);
  for (std::size_t i = 0; i < shown.size(); ++i) {
    Family* const family = FindOrKeep(shown[i]);
    matches_[i] = family;
    if (family == nullptr) {
      families_left_out_++;
      continue;
    }
    family->series_count = shown[i].series.size();
    family->seen_look = look_;
  }
}

History::Family* History::FindOrKeep(const FamilySnapshot& shown) {
  const auto found = families_.find(shown.name);
  if (found == families_.end()) return Keep(shown);
  if (found->second.seen_look == look_) return nullptr;  // a damaged segment has the name twice
  if (IsSame(found->second, shown)) return &found->second;
  GiveUp(found);
  return Keep(shown);
}

History::Family* History::Keep(const FamilySnapshot& shown) {
  const bool is_histogram = shown.type == MetricType::kHistogram;
  const std::size_t rows = is_histogram ? 2 : 1;
  const std::size_t bytes = BytesOf(shown.name, shown.unit, shown.bounds.size());
  if (total_rows_ + rows > kTotalRows || room_.text_bytes + bytes > HistoryRoom::kTextBytes ||
      RingTable::kRows - room_.table.used_rows() < rows) {
    return nullptr;
  }
  Family family{.type = shown.type,
                .gauge_mode = shown.gauge_mode,
                .unit = std::string(shown.unit),
                .bounds = {shown.bounds.begin(), shown.bounds.end()},
                .has_labels = HasLabels(shown),
                .total = room_.table.Take().value()};
  if (is_histogram) family.sum = room_.table.Take();
  const std::size_t buckets = shown.bounds.size();  // that of +Inf is the total
  if (is_histogram && bucket_rows_ + buckets <= kBucketRows &&
      RingTable::kRows - room_.table.used_rows() >= buckets) {
    for (std::size_t i = 0; i < buckets; ++i) family.buckets.push_back(room_.table.Take().value());
  }
  total_rows_ += rows;
  bucket_rows_ += family.buckets.size();
  room_.text_bytes += bytes;
  return &families_.emplace(shown.name, std::move(family)).first->second;
}

void History::GiveUp(Families::iterator entry) {
  auto& [name, family] = *entry;
  room_.text_bytes -= BytesOf(name, family.unit, family.bounds.size());
  family.ranked.ShrinkTo(0, &room_);
  room_.table.GiveBack(family.total);
  if (family.sum) room_.table.GiveBack(*family.sum);
  for (const RingTable::Row row : family.buckets) room_.table.GiveBack(row);
  total_rows_ -= family.sum ? 2 : 1;
  bucket_rows_ -= family.buckets.size();
  families_.erase(entry);
}

void History::NoteTotal(const shm::Snapshot& snapshot, const FamilySnapshot& shown, const Family& family) {
  RingTable& table = room_.table;
  if (shown.type != MetricType::kHistogram) {
    if (const std::optional<double> sum = SumOf(shown)) table.Set(family.total, *sum);
    return;
  }
  std::vector<shm::BucketSnapshot> all(shown.bounds.size() + 1);
  for (const SeriesSnapshot& series : shown.series) {
    const auto buckets = snapshot.BucketsOf(shown, series);
    for (std::size_t i = 0; i < all.size(); ++i) shm::AddBucket(buckets[i], &all[i]);
  }
  const shm::BucketSnapshot total = shm::TotalOf(all);
  table.Set(family.total, static_cast<double>(total.count));
  table.Set(*family.sum, total.sum);
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < family.buckets.size(); ++i) {
    count += all[i].count;
    table.Set(family.buckets[i], static_cast<double>(count));
  }
}

/// Divides the rows that totals do not need. Families with few series get them all, the others equally many.
void History::ShareOut(const shm::Snapshot& snapshot) {
  std::size_t rows = RingTable::kRows - kSpareRows - total_rows_ - bucket_rows_;
  std::vector<std::size_t> sizes;
  std::vector<RankedSeries*> others;
  for (std::size_t i = 0; i < matches_.size(); ++i) {
    if (matches_[i] == nullptr || !matches_[i]->has_labels) continue;
    RankedSeries& ranked = matches_[i]->ranked;
    // Series that are gone still have their rows.
    const std::size_t size = std::max(snapshot.families[i].series.size(), ranked.series().size());
    if (IsFirst(snapshot.families[i].name)) {
      const std::size_t share = std::min({size, kMostOfFirst, rows});
      ranked.ShrinkTo(share, &room_);
      rows -= share;
    } else {
      sizes.push_back(size);
      others.push_back(&ranked);
    }
  }
  const std::size_t share = FairShare(sizes, rows);
  for (const std::size_t size : sizes) rows -= std::min(size, share);
  for (std::size_t i = 0; i < others.size(); ++i) {
    const bool one_more = rows > 0 && sizes[i] > share;
    others[i]->ShrinkTo(share + (one_more ? 1 : 0), &room_);
    if (one_more) rows--;
  }
}

void History::NoteSeries(const shm::Snapshot& snapshot, bool moved) {
  for (std::size_t i = 0; i < matches_.size(); ++i) {
    if (matches_[i] != nullptr && matches_[i]->has_labels)
      matches_[i]->ranked.Update(snapshot, snapshot.families[i], look_, moved, &room_);
  }
  scan_.Look(snapshot, [this](std::size_t family, const ActivityScan::Offer& offer) {
    if (matches_[family] != nullptr && matches_[family]->has_labels) matches_[family]->ranked.Consider(offer);
  });
  series_left_out_ = 0;
  for (std::size_t i = 0; i < matches_.size(); ++i) {
    const std::uint64_t shown = snapshot.families[i].series.size();
    std::uint64_t kept = 0;
    if (matches_[i] != nullptr) {
      RankedSeries& ranked = matches_[i]->ranked;
      if (matches_[i]->has_labels) ranked.Admit(snapshot, snapshot.families[i], look_, &room_);
      kept = matches_[i]->has_labels ? static_cast<std::uint64_t>(std::ranges::count(
                                           ranked.series(), look_, &RankedSeries::Series::seen_look))
                                     : shown;
    }
    series_left_out_ += shown - std::min(kept, shown);
  }
}

void History::ForgetGone() {
  for (auto entry = families_.begin(); entry != families_.end();) {
    const auto next = std::next(entry);
    if (look_ - entry->second.seen_look >= RingTable::kColumns) GiveUp(entry);
    entry = next;
  }
}

}  // namespace shmetrics::agent

#include "agent/view/recent_lease_keys.h"

#include <algorithm>

#include "shm/layout/layout.h"

namespace shmetrics::agent {
namespace {

using shm::FamilySnapshot;
using shm::SeriesSnapshot;

/// All series of a family have the same name, so this is the order of their label blocks.
constexpr auto kKey = &SeriesSnapshot::name_and_labels;

bool IsLeaseGauge(const FamilySnapshot& family) {
  return family.gauge_mode == shm::layout::GaugeMode::kLeases;
}

/// Costs almost nothing if the keys are in order already.
void SortSeries(FamilySnapshot* family) {
  if (!std::ranges::is_sorted(family->series, {}, kKey)) std::ranges::sort(family->series, {}, kKey);
}

}  // namespace

void RecentLeaseKeys::AddTo(shm::Snapshot* snapshot) {
  for (auto& [name, keys] : live_) keys.is_in_snapshot = false;
  for (FamilySnapshot& family : snapshot->families) {
    if (!IsLeaseGauge(family)) continue;
    SortSeries(&family);
    ForgetReturned(family);
  }
  for (FamilySnapshot& family : snapshot->families) {
    if (!IsLeaseGauge(family)) continue;
    LiveKeys& before = live_.try_emplace(std::string(family.name)).first->second;
    NoteGone(family, before);
    Remember(family, *snapshot, &before);
  }
  std::erase_if(live_, [](const auto& entry) { return !entry.second.is_in_snapshot; });
  std::erase_if(gone_, [this](const GoneKey& key) { return !live_.contains(key.family); });
  AddZeros(snapshot);
}

/// Both are sorted, so one walk over both finds the keys that are only in `before`. Mostly a key is the same
/// text in the same place. Then its bytes need not be looked at.
void RecentLeaseKeys::NoteGone(const FamilySnapshot& family, const LiveKeys& before) {
  std::vector<std::string_view> gone;
  auto now = family.series.begin();
  for (const std::string_view key : before.texts) {
    const auto is_same = [&] {
      return now->name_and_labels.data() == key.data() || now->name_and_labels == key;
    };
    if (now != family.series.end() && is_same()) {
      ++now;
      continue;
    }
    while (now != family.series.end() && now->name_and_labels < key) ++now;
    if (now == family.series.end() || now->name_and_labels != key) gone.push_back(key);
  }
  // Copies only as many as it will keep.
  const std::size_t first = gone.size() - std::min(gone.size(), kLimit);
  for (std::size_t i = first; i < gone.size(); ++i) {
    gone_.push_back({std::string(family.name), std::make_shared<const std::string>(gone[i])});
  }
  if (gone_.size() > kLimit) {
    gone_.erase(gone_.begin(), gone_.end() - static_cast<std::ptrdiff_t>(kLimit));
  }
}

void RecentLeaseKeys::ForgetReturned(const FamilySnapshot& family) {
  std::erase_if(gone_, [&](const GoneKey& key) {
    const std::string_view text = *key.name_and_labels;
    return key.family == family.name && std::ranges::binary_search(family.series, text, {}, kKey);
  });
}

void RecentLeaseKeys::Remember(const FamilySnapshot& family, const shm::Snapshot& snapshot, LiveKeys* keys) {
  keys->texts.clear();
  keys->keep_alive = snapshot.keep_alive;
  keys->is_in_snapshot = true;
  for (const SeriesSnapshot& series : family.series) keys->texts.push_back(series.name_and_labels);
}

/// Adds the keys that are gone behind the others, and then merges both, because sorting all would cost more.
void RecentLeaseKeys::AddZeros(shm::Snapshot* snapshot) const {
  std::map<FamilySnapshot*, std::size_t> live;  // how many series a family had before
  for (const GoneKey& key : gone_) {
    const std::string_view name = key.family;
    const auto family = std::ranges::lower_bound(snapshot->families, name, {}, &FamilySnapshot::name);
    if (family == snapshot->families.end() || family->name != key.family) continue;
    live.try_emplace(&*family, family->series.size());
    SeriesSnapshot series{};
    series.name_and_labels = *key.name_and_labels;
    series.name_bytes = static_cast<std::uint32_t>(key.family.size());
    series.number = 0;
    series.worker = -1;
    family->series.push_back(series);
    snapshot->keep_alive.push_back(key.name_and_labels);
  }
  for (const auto& [family, count] : live) {
    const auto zeros = family->series.begin() + static_cast<std::ptrdiff_t>(count);
    std::ranges::sort(zeros, family->series.end(), {}, kKey);
    std::ranges::inplace_merge(family->series, zeros, {}, kKey);
  }
}

}  // namespace shmetrics::agent

#include "agent/history/history_sampler.h"

#include <algorithm>
#include <ctime>

#include "agent/own_metrics/metric_builder.h"
#include "agent/own_metrics/segment_metrics.h"
#include "shm/base/clock.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {
namespace {

using std::chrono::nanoseconds;

constexpr int kLargestShare = 100;  // one in a hundred

/// Adds families of the agent's own like those of the workers.
void AddFamilies(const MetricBuilder& own, shm::Snapshot* snapshot) {
  for (const shm::FamilySnapshot& family : own.snapshot().families) {
    const auto place =
        std::ranges::lower_bound(snapshot->families, family.name, {}, &shm::FamilySnapshot::name);
    if (place == snapshot->families.end() || place->name != family.name)
      snapshot->families.insert(place, family);
  }
}

void RemoveFamilies(const MetricBuilder& own, shm::Snapshot* snapshot) {
  std::erase_if(snapshot->families, [&own](const shm::FamilySnapshot& family) {
    return std::ranges::any_of(own.snapshot().families, [&family](const shm::FamilySnapshot& added) {
      return added.name.data() == family.name.data();
    });
  });
}

}  // namespace

nanoseconds HistorySampler::StepAfter(nanoseconds cost) {
  const nanoseconds step = History::kStep;
  return std::max<std::int64_t>(1, (cost * kLargestShare + step - nanoseconds(1)) / step) * step;
}

void HistorySampler::Run() {
  const std::int64_t now = shm::NowNs(CLOCK_BOOTTIME);
  // Half a step early is near enough: the caller is never quite on time.
  if (last_boot_ns_ != 0 && nanoseconds(now - last_boot_ns_) < step_ - History::kStep / 2) return;
  last_boot_ns_ = now;
  const std::int64_t before = shm::NowNs(CLOCK_THREAD_CPUTIME_ID);
  Look();
  const nanoseconds cost(shm::NowNs(CLOCK_THREAD_CPUTIME_ID) - before);
  // One expensive look, as the first at a segment is, says nothing of the next.
  step_ = StepAfter(std::min(cost, last_cost_));
  last_cost_ = cost;
}

void HistorySampler::Look() {
  CurrentView::Turn turn(view_);
  SegmentView& seen = turn.Look();
  const std::int64_t now = shm::NowNs(CLOCK_BOOTTIME);
  if (seen.state != SegmentView::State::kAttached) return history_->Add(nullptr, now, step_);
  MetricBuilder own;
  AddRefusalMetrics(seen.snapshot, &own);
  AddFamilies(own, &seen.snapshot);
  history_->Add(&seen.snapshot, now, step_);
  RemoveFamilies(own, &seen.snapshot);  // it outlives what they point to
}

}  // namespace shmetrics::agent

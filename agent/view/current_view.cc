#include "agent/view/current_view.h"

#include <utility>

#include "shm/base/clock.h"

namespace shmetrics::agent {

CurrentView::CurrentView(std::string segment_path, uid_t trusted_owner)
    : standing_{SegmentView::State::kWaiting, "the first look at segment " + segment_path + " is not over"},
      follower_(std::move(segment_path), trusted_owner) {}

CurrentView::Standing CurrentView::Now() {
  if (const std::unique_lock turn(mutex_, std::try_to_lock); turn.owns_lock()) {
    follower_.Check();
    Publish();
  }
  const std::lock_guard lock(standing_mutex_);
  return standing_;
}

std::chrono::nanoseconds CurrentView::TurnTime() const {
  const std::int64_t began = turn_began_ns_;
  return std::chrono::nanoseconds(began == 0 ? 0 : shm::NowNs(CLOCK_MONOTONIC) - began);
}

void CurrentView::Publish() {
  const std::lock_guard lock(standing_mutex_);
  standing_.state = follower_.state();
  standing_.message = follower_.message();
}

CurrentView::Turn::Turn(CurrentView* view) : view_(view), lock_(view->mutex_) {
  view_->turn_began_ns_ = shm::NowNs(CLOCK_MONOTONIC);
}

CurrentView::Turn::~Turn() { view_->turn_began_ns_ = 0; }

SegmentView& CurrentView::Turn::Look(shm::ExemplarReading exemplars) {
  view_->follower_.Read(&view_->seen_, exemplars);
  view_->Publish();
  view_->looked_ = std::chrono::steady_clock::now();
  view_->recent_lease_keys_.AddTo(&view_->seen_.snapshot);
  return view_->seen_;
}

SegmentView& CurrentView::Turn::Glance() {
  view_->follower_.ReadSummary(&view_->seen_);
  view_->Publish();
  return view_->seen_;
}

SegmentView& CurrentView::Turn::LookNotOlderThan(std::chrono::seconds age) {
  const auto now = std::chrono::steady_clock::now();
  return view_->looked_ && now - *view_->looked_ <= age ? Glance() : Look();
}

const std::vector<shm::LedgerRecord>& CurrentView::Turn::Ledger() {
  view_->follower_.ReadLedger(&view_->ledger_);
  return view_->ledger_;
}

std::optional<std::vector<shm::LedgerRecord>> CurrentView::Turn::LedgerToSave() {
  const SegmentView& seen = view_->seen_;
  if (seen.state != SegmentView::State::kAttached || !seen.snapshot.segment.ledger_loaded)
    return std::nullopt;
  std::vector<shm::LedgerRecord> ledger;
  if (!view_->follower_.ReadLedger(&ledger)) return std::nullopt;
  return ledger;
}

}  // namespace shmetrics::agent

#include "agent/view/current_view.h"

#include <utility>

namespace shmetrics::agent {

CurrentView::CurrentView(std::string segment_path, uid_t trusted_owner)
    : follower_(std::move(segment_path), trusted_owner) {}

CurrentView::Turn::Turn(CurrentView* view) : view_(view), lock_(view->mutex_) {}

SegmentView& CurrentView::Turn::Look(shm::ExemplarReading exemplars) {
  view_->follower_.Read(&view_->seen_, exemplars);
  view_->recent_lease_keys_.AddTo(&view_->seen_.snapshot);
  return view_->seen_;
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

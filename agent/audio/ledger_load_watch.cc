#include "agent/audio/ledger_load_watch.h"

#include <utility>

#include "agent/base/log.h"

namespace shmetrics::agent {

LedgerLoadWatch::LedgerLoadWatch(std::string state_file) : state_file_(std::move(state_file)) {}

void LedgerLoadWatch::Look(const SegmentView& view, std::chrono::steady_clock::time_point now) {
  const shm::SegmentSnapshot& segment = view.snapshot.segment;
  const bool is_attached = view.state == SegmentView::State::kAttached;
  if (!is_attached || segment.ledger_loaded || segment.ledger_entries == 0) {
    unloaded_since_.reset();
    if (!is_attached || !segment.ledger_loaded || !has_warned_) return;
    has_warned_ = false;
    Log(LogLevel::kInfo,
        "a worker has loaded the ledger from " + state_file_ + "; from now on it is saved there");
    return;
  }
  if (!unloaded_since_) unloaded_since_ = now;
  if (has_warned_ || now - *unloaded_since_ <= kPatience) return;
  has_warned_ = true;
  Log(LogLevel::kWarn,
      "the ledger is not saved: no worker has loaded " + state_file_ +
          "; workers need the same state_file in their configuration, and a file they can read");
}

}  // namespace shmetrics::agent

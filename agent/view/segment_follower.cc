#include "agent/view/segment_follower.h"

#include <cstddef>
#include <memory>
#include <utility>

#include "agent/view/access_advice.h"
#include "agent/view/bus_guard.h"
#include "agent/view/merge_snapshots.h"
#include "shm/segment/segment.h"

namespace shmetrics::agent {
namespace {

/// Every replaced segment costs a merge at each scrape, and its memory stays in use. So there is a limit.
constexpr std::size_t kMaxReplaced = 4;

/// False if the segment has been cut off or overwritten. Then the reader, and what it has read, are worthless.
bool ReadGuarded(shm::SnapshotReader* reader, const std::function<void(shm::SnapshotReader*)>& read) {
  const BusGuard guard;
  read(reader);
  // Checked afterwards, to find damage that was done during the reading too.
  return reader->segment().IsWhole() && !guard.was_hit();
}

}  // namespace

SegmentFollower::SegmentFollower(std::string path, uid_t trusted_owner)
    : path_(std::move(path)), trusted_owner_(trusted_owner) {}

void SegmentFollower::Read(SegmentView* out, shm::ExemplarReading exemplars) {
  Look([&](shm::SnapshotReader* reader) { reader->Read(&out->snapshot, exemplars); });
  if (!current_) out->snapshot = {};
  AddReplaced(exemplars, &out->snapshot);
  out->state = state_;
  out->message = message_;
}

void SegmentFollower::ReadSummary(SegmentView* out) {
  Look([&](shm::SnapshotReader* reader) { reader->ReadSummary(&out->snapshot); });
  if (!current_ || !replaced_.empty()) return Read(out, shm::ExemplarReading::kSkip);
  out->state = state_;
  out->message = message_;
}

void SegmentFollower::Check() {
  Look([](shm::SnapshotReader*) {});
}

void SegmentFollower::Look(const std::function<void(shm::SnapshotReader*)>& read) {
  const std::optional<Error> trouble = Refresh();
  if (current_) Judge(ReadGuarded(&*current_, read), trouble);
  if (!current_ && trouble) ExplainAbsence(*trouble);
}

bool SegmentFollower::ReadLedger(std::vector<shm::LedgerRecord>* out) {
  out->clear();
  if (!current_) return false;
  const BusGuard guard;
  current_->ReadLedger(out);
  if (!guard.was_hit()) return true;
  out->clear();  // the next Read() finds the damage too and logs it
  return false;
}

std::optional<Error> SegmentFollower::Refresh() {
  if (current_ && current_->segment().CheckName() == shm::Segment::Name::kKept) return std::nullopt;
  const BusGuard guard;
  Result<std::shared_ptr<shm::Segment>> segment =
      shm::Segment::Attach(path_, shm::Segment::Access::kReadOnly, trusted_owner_);
  if (!segment.ok()) return segment.error();
  shm::SnapshotReader reader(std::move(segment.value()));
  if (guard.was_hit()) {
    return Error{ErrorCode::kTruncated,
                 "segment " + path_ + " refused: it was cut off while it was attached"};
  }
  Adopt(std::move(reader));
  return std::nullopt;
}

void SegmentFollower::Adopt(shm::SnapshotReader reader) {
  const auto is_same = [identity = reader.segment().identity()](const shm::SnapshotReader& other) {
    return other.segment().identity() == identity;
  };
  // A file that was renamed away and back must not be counted twice.
  if (current_ && is_same(*current_)) return;
  std::erase_if(replaced_, is_same);
  if (current_) {
    replaced_.push_front(std::move(*current_));
    Log(LogLevel::kInfo, "segment " + path_ + " has been replaced; the totals of the former one are added");
  }
  current_ = std::move(reader);
  if (replaced_.size() > kMaxReplaced) {
    replaced_.pop_back();
    Log(LogLevel::kWarn, "segment " + path_ + " has been replaced more than " + std::to_string(kMaxReplaced) +
                             " times; the totals no longer include the oldest one");
  }
}

void SegmentFollower::Judge(bool is_whole, const std::optional<Error>& trouble) {
  if (!is_whole) {
    current_.reset();
    SetState(State::kCorrupt, LogLevel::kError,
             "another process has cut off segment " + path_ +
                 " or written over it; remove the file and restart the workers");
  } else if (trouble) {
    SetState(State::kAttached, LogLevel::kWarn,
             trouble->message + "; still reading the segment that was there before");
  } else {
    SetState(State::kAttached, LogLevel::kInfo, "reading segment " + path_);
  }
}

void SegmentFollower::ExplainAbsence(const Error& trouble) {
  if (trouble.code == ErrorCode::kAbsent) {
    SetState(State::kWaiting, LogLevel::kInfo, "waiting for a worker to create segment " + path_);
  } else if (state_ != State::kCorrupt) {
    // After damage, the refusal would be only another symptom.
    SetState(State::kRefused, LogLevel::kWarn, WithAccessAdvice(trouble, path_));
  }
}

void SegmentFollower::AddReplaced(shm::ExemplarReading exemplars, shm::Snapshot* out) {
  for (auto reader = replaced_.begin(); reader != replaced_.end();) {
    shm::Snapshot older{};
    const auto read = [&](shm::SnapshotReader* replaced) { replaced->Read(&older, exemplars); };
    if (ReadGuarded(&*reader, read)) {
      MergeSnapshots(older, out);
      ++reader;
    } else {
      Log(LogLevel::kError, "another process has cut off a former segment of " + path_ +
                                " or written over it; its totals are lost");
      reader = replaced_.erase(reader);
    }
  }
}

void SegmentFollower::SetState(State state, LogLevel level, const std::string& message) {
  if (state == state_ && message == message_) return;
  state_ = state;
  message_ = message;
  Log(level, message);
}

}  // namespace shmetrics::agent

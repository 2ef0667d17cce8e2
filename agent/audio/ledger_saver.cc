#include "agent/audio/ledger_saver.h"

#include <ctime>
#include <optional>
#include <utility>

#include "agent/base/log.h"
#include "agent/base/timestamp.h"
#include "shm/base/clock.h"

namespace shmetrics::agent {

LedgerSaver::LedgerSaver(std::string path, SaveStats* stats)
    : file_(std::move(path)), load_watch_(file_.path()), stats_(stats) {}

bool LedgerSaver::SaveFrom(CurrentView* view, const audio::AudioConfig& audio, Always always,
                           std::chrono::steady_clock::time_point now) {
  std::optional<std::vector<shm::LedgerRecord>> ledger;
  audio::LedgerOrigin origin;
  {
    CurrentView::Turn turn(view);
    const SegmentView& seen = turn.Glance();
    load_watch_.Look(seen, now);
    origin = audio::OriginOf(view->segment_path(), seen.snapshot.segment.id);
    ledger = turn.LedgerToSave();
  }
  if (!ledger) return true;
  // Raw ids are from before hashing was switched on, or from a worker with another configuration. They must
  // not get into the file: a segment is gone with the next boot, a file is not.
  std::erase_if(*ledger, [&](const auto& record) { return !audio.IsUserLabel(record.key); });
  return Save(std::move(*ledger), origin, always);
}

bool LedgerSaver::Save(std::vector<shm::LedgerRecord> ledger, const audio::LedgerOrigin& origin,
                       Always always) {
  std::string users = audio::FormatLedgerUsers(std::move(ledger));
  const bool is_saved = users == saved_users_ && origin == saved_origin_ && file_.IsAsWritten();
  const Result<void> saved =
      is_saved && always == Always::kNo ? Result<void>() : Replace(std::move(users), origin);
  if (saved.ok()) {
    stats_->success_unix_seconds = std::time(nullptr);
    if (!last_failure_.empty()) Log(LogLevel::kInfo, "the ledger is saved again, to " + file_.path());
    last_failure_.clear();
    return true;
  }
  ++stats_->failures;
  if (saved.error().message != last_failure_) {
    last_failure_ = saved.error().message;
    Log(LogLevel::kError, "the ledger could not be saved: " + last_failure_);
  }
  return false;
}

Result<void> LedgerSaver::Replace(std::string users, const audio::LedgerOrigin& origin) {
  if (Result<void> allowed = CheckOwner(origin); !allowed.ok()) return allowed;
  const std::string saved = FormatUtc(shm::NowNs(CLOCK_REALTIME));
  Result<void> written = file_.Write(audio::FormatLedgerFile(users, saved, origin));
  if (!written.ok()) return written;
  saved_users_ = std::move(users);
  saved_origin_ = origin;
  return {};
}

Result<void> LedgerSaver::CheckOwner(const audio::LedgerOrigin& origin) const {
  if (file_.IsAsWritten()) return {};
  const Result<std::optional<audio::LedgerOrigin>> found = file_.ReadOrigin();
  if (!found.ok()) {
    return Error{found.error().code, "nobody can tell of which segment " + file_.path() + " is, because " +
                                         found.error().message + "; move it away"};
  }
  if (!found.value() || *found.value() == audio::LedgerOrigin{}) return {};
  const audio::LedgerOrigin& theirs = *found.value();
  const std::string remedy = "; give each segment a state_file of its own, or move this one away";
  if (theirs.segment != origin.segment) {
    return Error{ErrorCode::kForeignOwner,
                 file_.path() + " is the ledger of segment " + theirs.segment + remedy};
  }
  // With the same path it is of the segment that was here before the last boot. But once the file has been of
  // this segment, whoever writes another one is at work now, in another container.
  if (theirs.segment_id != origin.segment_id && saved_origin_ == origin) {
    return Error{ErrorCode::kForeignOwner, file_.path() +
                                               " has become the ledger of another segment with the path " +
                                               theirs.segment + ", id " + theirs.segment_id + remedy};
  }
  return {};
}

}  // namespace shmetrics::agent

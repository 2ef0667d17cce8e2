#ifndef SHMETRICS_CLIENT_LIB_EXAMPLES_REPORTED_QUOTA_H_
#define SHMETRICS_CLIENT_LIB_EXAMPLES_REPORTED_QUOTA_H_

// A quota with the words of shmetrics::audio::Quota that enters every change into a WorkReport. For one thread.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "client-lib/examples/work_report.h"
#include "shmetrics/shmetrics.h"

namespace reported {

/// A stream or a job.
class Activity {
 public:
  Activity(shmetrics::audio::Activity activity, ReportRow* row) : activity_(std::move(activity)), row_(row) {}

  bool heartbeat() { return activity_.heartbeat(); }
  void finish() {
    const ReportedChange change(row_, -1);
    activity_.finish();
  }

 private:
  shmetrics::audio::Activity activity_;
  ReportRow* row_;
};
using Stream = Activity;
using Job = Activity;

class Quota {
 public:
  Quota(const shmetrics::audio::Quota& quota, WorkReport* report) : quota_(quota), report_(report) {}

  std::optional<Stream> try_start_stream(const std::string& user) {
    return Start("audio_streaming_active", user, "concurrent_streams",
                 [&] { return quota_.try_start_stream(user); });
  }
  std::optional<Job> try_start_job(const std::string& user) {
    return Start("audio_jobs_active", user, "concurrent_jobs", [&] { return quota_.try_start_job(user); });
  }
  bool consume_daily_minutes(const std::string& user, double minutes) {
    ReportRow* violations = ViolationsOf("daily_minutes");
    violations->intended += 1;
    KeepOrder();
    const bool is_allowed = quota_.consume_daily_minutes(user, minutes).ok();
    Settle(violations, !is_allowed);
    return is_allowed;
  }
  void announce_model(const std::string& model) {
    const ReportedChange change(RowOf("audio_model_workers{model=\"" + model + "\"}", true), 1);
    static_cast<void>(quota_.announce_model(model));
  }

 private:
  /// Before the call either of two things may come of it, so both are intended; after it one of them is taken back.
  template <class Call>
  std::optional<Activity> Start(const std::string& gauge, const std::string& user, const std::string& type,
                                const Call& call) {
    ReportRow* active = RowOf(gauge + "{user_id=\"" + user + "\"}", true);
    ReportRow* violations = ViolationsOf(type);
    active->intended += 1;
    violations->intended += 1;
    KeepOrder();
    auto started = call();
    const shmetrics::ErrorCode code = started.ok() ? shmetrics::ErrorCode{} : started.error().code;
    Settle(active, started.ok());
    Settle(violations,
           code == shmetrics::ErrorCode::kConcurrentStreams || code == shmetrics::ErrorCode::kConcurrentJobs);
    if (!started.ok()) return std::nullopt;
    return Activity(std::move(started.value()), active);
  }

  /// Ends what was intended: it has happened, or it has not.
  static void Settle(ReportRow* row, bool has_happened) {
    KeepOrder();
    (has_happened ? row->confirmed : row->intended) += has_happened ? 1 : -1;
  }

  ReportRow* ViolationsOf(const std::string& type) {
    return RowOf("audio_quota_violations_total{type=\"" + type + "\"}", false);
  }

  ReportRow* RowOf(const std::string& sample, bool is_gauge) {
    ReportRow*& row = rows_[sample];
    if (row == nullptr) row = report_->AddRow(sample, is_gauge);
    return row;
  }

  const shmetrics::audio::Quota quota_;
  WorkReport* report_;
  std::map<std::string, ReportRow*> rows_;
};

}  // namespace reported

#endif  // SHMETRICS_CLIENT_LIB_EXAMPLES_REPORTED_QUOTA_H_

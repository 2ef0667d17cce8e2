#ifndef SHMETRICS_AUDIO_MINUTES_H_
#define SHMETRICS_AUDIO_MINUTES_H_

#include <optional>
#include <utility>

#include "shmetrics/result.h"

namespace shmetrics::audio {

/// A user's audio minutes on one UTC day.
struct DailyMinutes {
  double used;
  std::optional<double> limit;      ///< none: unlimited
  std::optional<double> remaining;  ///< the limit less what is used and reserved, or 0; none: unlimited
  double reserved = 0;              ///< by work in progress, over all workers
};

/// The user's day after a call about minutes, or why nothing was decided. A denial knows the day too.
class MinutesResult : public Result<DailyMinutes> {
 public:
  // Not explicit, as those of Result.
  MinutesResult(const DailyMinutes& day)  // NOLINT(google-explicit-constructor)
      : Result(day), day_(day) {}
  MinutesResult(Error error) : Result(std::move(error)) {}  // NOLINT(google-explicit-constructor)
  MinutesResult(Error denial, const DailyMinutes& day) : Result(std::move(denial)), day_(day) {}

  /// What the decision was made from: set after a success, and with kDailyMinutes and kNotUsed. After any
  /// other error nothing was decided, and there is none.
  const std::optional<DailyMinutes>& day() const { return day_; }

 private:
  std::optional<DailyMinutes> day_;
};

}  // namespace shmetrics::audio

#endif  // SHMETRICS_AUDIO_MINUTES_H_

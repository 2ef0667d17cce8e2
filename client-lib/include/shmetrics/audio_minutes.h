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

/// What a call about minutes gives, or an error. A denial is an error that knows the user's day.
template <class T>
class WithDay : public Result<T> {
 public:
  WithDay(T value, const DailyMinutes& day) : Result<T>(std::move(value)), day_(day) {}
  WithDay(Error error) : Result<T>(std::move(error)) {}  // NOLINT(google-explicit-constructor)
  WithDay(Error denial, const DailyMinutes& day) : Result<T>(std::move(denial)), day_(day) {}

  /// What the decision was made from: set after a success, and with kDailyMinutes and kNotUsed. After any
  /// other error nothing was decided, and there is none.
  const std::optional<DailyMinutes>& day() const { return day_; }

 private:
  std::optional<DailyMinutes> day_;
};
/// The day after the call.
using MinutesResult = WithDay<DailyMinutes>;

}  // namespace shmetrics::audio

#endif  // SHMETRICS_AUDIO_MINUTES_H_

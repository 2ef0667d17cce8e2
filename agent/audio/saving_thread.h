#ifndef SHMETRICS_AGENT_AUDIO_SAVING_THREAD_H_
#define SHMETRICS_AGENT_AUDIO_SAVING_THREAD_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "agent/own_metrics/agent_stats.h"
#include "agent/view/current_view.h"
#include "client-lib/audio/config.h"

namespace shmetrics::agent {

/// Saves the ledger again and again, in a thread of its own: a disk that is slow or stands still holds nobody
/// else up.
class SavingThread {
 public:
  static constexpr std::chrono::seconds kPeriod{10};

  /// Saves to the state file of `audio`; if it has none, there is no thread. `view` and `stats` must outlive
  /// the thread, also if Finish() has not seen its end.
  SavingThread(CurrentView* view, audio::AudioConfig audio, SaveStats* stats,
               std::chrono::milliseconds period = kPeriod);
  /// Waits for the thread, however long it takes.
  ~SavingThread();
  SavingThread(const SavingThread&) = delete;
  SavingThread& operator=(const SavingThread&) = delete;

  /// From the next save on. The state file stays the same.
  void SetAudio(audio::AudioConfig audio);

  enum class Outcome : std::uint8_t {
    kSaved,    ///< or there was nothing to save
    kFailed,   ///< the log says why
    kTooLate,  ///< the thread still runs, and uses everything it was given
  };
  /// Saves once more, and waits for that as long as `patience`.
  Outcome Finish(std::chrono::milliseconds patience);

 private:
  void Run(std::chrono::milliseconds period);

  CurrentView* const view_;
  SaveStats* const stats_;
  std::mutex mutex_;
  std::condition_variable changed_;
  audio::AudioConfig audio_;
  bool is_finishing_ = false;
  bool has_finished_ = false;
  bool has_saved_ = true;  ///< at the end
  std::thread thread_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_AUDIO_SAVING_THREAD_H_

#ifndef SHMETRICS_CLIENT_LIB_AUDIO_MODEL_ANNOUNCEMENTS_H_
#define SHMETRICS_CLIENT_LIB_AUDIO_MODEL_ANNOUNCEMENTS_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "shm/base/lock_wait.h"
#include "shm/result.h"
#include "shmetrics/lease.h"

namespace shmetrics::internal {
struct Attachment;
}

namespace shmetrics::audio {

/// The models that this process has announced. Each is a lease that nobody releases. Lock-free, so that a
/// child forked at any moment can announce its own models. Never freed.
class ModelAnnouncements {
 public:
  /// Announces the model in the segment of `attachment`, unless this process has done so. Errors:
  /// kInvalidLabels if the name is not 1 to 256 bytes of UTF-8 without NUL; kBusy, also if another thread is
  /// just announcing the model; and those of LeaseGaugeFamily::try_acquire.
  Result<void> Announce(const LeaseGaugeFamily& family, const internal::Attachment* attachment,
                        std::string_view model, std::int64_t max_wait_ns = shm::LockWait::kDefaultNs);

  /// Announces in the segment of `attachment` all models that this process has announced elsewhere. False if
  /// one failed: then the next call tries again.
  bool Follow(const LeaseGaugeFamily& family, const internal::Attachment* attachment,
              std::int64_t max_wait_ns);

 private:
  struct Announcement {
    explicit Announcement(std::string the_model) : model(std::move(the_model)) {}

    const std::string model;
    /// Twice the generation of the process that has announced it. One more while a thread of that process is
    /// announcing it. Writer: the thread that makes it odd, until it makes it even again. A child goes on
    /// from whatever its parent left.
    std::atomic<std::uint64_t> state{0};
    /// The segment in which it is announced. Writer: as above.
    std::atomic<const internal::Attachment*> place{nullptr};
    Lease lease;  ///< Writer: as above
    Announcement* next = nullptr;
  };
  Announcement* FindOrAdd(std::string_view model);

  std::atomic<Announcement*> first_{nullptr};
};

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_AUDIO_MODEL_ANNOUNCEMENTS_H_

#ifndef SHMETRICS_CLIENT_LIB_AUDIO_MODEL_ANNOUNCEMENTS_H_
#define SHMETRICS_CLIENT_LIB_AUDIO_MODEL_ANNOUNCEMENTS_H_

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "shm/result.h"
#include "shmetrics/lease.h"

namespace shmetrics::internal {
struct Attachment;
}

namespace shmetrics::audio {

/// The models this process has said it offers: a lease for each, which nobody releases. Lock-free, so that a child made
/// at any moment can announce its own. Never freed.
class ModelAnnouncements {
 public:
  /// Announces the model in the segment of `attachment`, unless this process has done so. kInvalidLabels for what is not
  /// 1 to 256 bytes of UTF-8 without NUL; kBusy also if another thread is just announcing it; errors as
  /// LeaseGaugeFamily::try_acquire.
  Result<void> Announce(const LeaseGaugeFamily& family, const internal::Attachment* attachment,
                        std::string_view model);

  /// Announces again, in the segment of `attachment`, what this process has announced elsewhere. What fails is left to the
  /// next call.
  void Follow(const LeaseGaugeFamily& family, const internal::Attachment* attachment);

 private:
  struct Announcement {
    explicit Announcement(std::string the_model) : model(std::move(the_model)) {}

    const std::string model;
    /// Twice the generation of the process that has announced it, and 1 more while one of its threads is about to. Writer:
    /// who makes it odd, and then he alone until he makes it even. A child takes it from whatever its parent left.
    std::atomic<std::uint64_t> state{0};
    std::atomic<const internal::Attachment*> place{nullptr};  ///< where it is announced. Writer: as above
    Lease lease;                                              ///< Writer: as above
    Announcement* next = nullptr;
  };
  Announcement* FindOrAdd(std::string_view model);

  std::atomic<Announcement*> first_{nullptr};
};

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_AUDIO_MODEL_ANNOUNCEMENTS_H_

#ifndef SHMETRICS_CLIENT_LIB_MODEL_ANNOUNCEMENTS_H_
#define SHMETRICS_CLIENT_LIB_MODEL_ANNOUNCEMENTS_H_

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
  /// 1 to 256 bytes of UTF-8 without NUL; errors as LeaseGaugeFamily::try_acquire.
  Result<void> Announce(const LeaseGaugeFamily& family, const internal::Attachment* attachment,
                        std::string_view model);

 private:
  struct Announcement {
    explicit Announcement(std::string the_model) : model(std::move(the_model)) {}

    const std::string model;
    /// Names the process and the segment it is announced in; 0: nowhere. Writer: who announces; others then let him.
    std::atomic<std::uint64_t> place{0};
    Lease lease;  ///< Writer: the one who has just changed `place`
    Announcement* next = nullptr;
  };
  Announcement* FindOrAdd(std::string_view model);

  std::atomic<Announcement*> first_{nullptr};
};

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_MODEL_ANNOUNCEMENTS_H_

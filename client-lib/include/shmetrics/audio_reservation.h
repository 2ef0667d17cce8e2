#ifndef SHMETRICS_AUDIO_RESERVATION_H_
#define SHMETRICS_AUDIO_RESERVATION_H_

#include <cstdint>
#include <optional>
#include <string>

#include "shmetrics/audio_minutes.h"
#include "shmetrics/audio_tier.h"
#include "shmetrics/cxx_export.h"
#include "shmetrics/lease.h"

namespace shmetrics::audio {

class SHMETRICS_CXX_EXPORT Quota;

/// Minutes held back for work in progress. They count as used until the work is settled or cancelled, or its
/// worker dies, whichever comes first: so parallel jobs cannot pass a limit, and a crash charges nobody.
///
/// Movable; the destructor cancels it. Threads and forks as for Lease: one thread at a time, and in a forked
/// child a reservation of the parent is nothing.
class SHMETRICS_CXX_EXPORT Reservation {
 public:
  /// None.
  Reservation() noexcept = default;
  Reservation(Reservation&& other) noexcept;
  Reservation& operator=(Reservation&& other) noexcept;
  ~Reservation();

  /// Ends the reservation and records what was really used: 0 to 1,000,000 minutes. More than was reserved is
  /// recorded too, also past the limit, and is no violation. Counts for the day of this call. kEnded if it was
  /// settled or cancelled before, or in a forked child. After any other error the reservation goes on: settle
  /// it again, because its destructor would charge nothing.
  MinutesResult settle(double minutes, std::optional<Duration> max_wait = {}) noexcept;
  /// Ends the reservation and charges nothing. False if it had already ended. Never waits.
  bool cancel() noexcept;
  /// True while it counts.
  bool active() const noexcept;

 private:
  friend class Quota;

  void* quota_ = nullptr;  ///< a Quota::Impl; null: none
  Lease lease_;
  std::uint64_t private_ = 0;  ///< names it in this process, if there is no segment; else 0
  std::string user_;           ///< as in the ledger
  std::optional<Tier> tier_;   ///< as given
};
/// The reservation, and the day with it.
using ReserveResult = WithDay<Reservation>;

}  // namespace shmetrics::audio

#endif  // SHMETRICS_AUDIO_RESERVATION_H_

#ifndef SHMETRICS_LEASE_H_
#define SHMETRICS_LEASE_H_

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <ratio>
#include <span>
#include <string_view>

#include "shmetrics/cxx_export.h"
#include "shmetrics/family.h"
#include "shmetrics/result.h"

namespace shmetrics {

namespace internal {
class LeaseBinding;
struct Attachment;
}  // namespace internal

/// A length of time in an option. Made from any duration. One that is too long for a number of nanoseconds,
/// such as std::chrono::seconds::max(), means for ever: about 292 years.
class Duration {
 public:
  template <class Rep, class Period>
  // NOLINTNEXTLINE(google-explicit-constructor): {.ttl = 30s} has to do
  constexpr Duration(std::chrono::duration<Rep, Period> duration) noexcept : ns_(ToNanoseconds(duration)) {}

  /// 0 for a duration that is not more than 0.
  constexpr std::chrono::nanoseconds nanoseconds() const noexcept { return ns_; }

 private:
  template <class Rep, class Period>
  static constexpr std::chrono::nanoseconds ToNanoseconds(std::chrono::duration<Rep, Period> duration) {
    using Nanoseconds = std::chrono::nanoseconds;
    using Given = std::chrono::duration<Rep, Period>;
    if (!(duration > Given::zero())) return Nanoseconds::zero();
    if constexpr (std::ratio_greater_v<Period, std::nano>) {
      if (duration >= std::chrono::duration_cast<Given>(Nanoseconds::max())) return Nanoseconds::max();
    }
    return std::chrono::duration_cast<Nanoseconds>(duration);
  }

  std::chrono::nanoseconds ns_;
};

/// Options for taking a lease.
struct LeaseOptions {
  /// How many live leases the key may have on this host, the new one included. None: any number; 0: not one.
  std::optional<std::uint32_t> limit = {};
  /// How long the lease lives without renew(); more than 0. None: as long as this process.
  std::optional<Duration> ttl = {};
  /// How long the decision may wait for other processes that decide for the same shard of keys. 0: not at
  /// all. None: 5 seconds. If who decides there does not go on, it ends sooner, with kBusy: after 50 ms if
  /// the kernel says that they are stopped, else after a second. The process remembers that and does not wait
  /// again until they go on. So an event loop loses one wait and not one a call. A shard that nobody holds is
  /// never waited for. Others hold it for microseconds at a time, and meanwhile 0 answers kBusy: ask again
  /// soon.
  std::optional<Duration> max_wait = {};
};

/// One thing that this process uses for one key, for example a stream of user 42. It ends when it is
/// released, when its time has run out, or when the process dies, whichever comes first. The very next read
/// or admission sees that, without any clean-up. The idea is the session lease of Chubby and ZooKeeper, with
/// the kernel as the failure detector.
///
/// Movable; the destructor releases it. In a forked child a lease of the parent is nothing: renew() and
/// release() change nothing there, and the destructor is harmless. One lease is for one thread at a time;
/// different leases are independent.
///
/// Not async-signal-safe. pthread_cancel() ends no call half-way: see Registry. A thread that is cancelled
/// releases its leases if they are objects on its stack. A child made by a raw clone(), unknown to the C
/// library, is refused leases: its mutexes would not be robust.
class SHMETRICS_CXX_EXPORT Lease {
 public:
  /// No lease.
  Lease() noexcept = default;
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease();

  /// Restarts the lease's TTL. False if the lease has ended: stop what it stood for, or ask for a new lease.
  /// For a lease without a TTL it only tells if the lease is live. Never waits. Costs reading a clock and a
  /// locked instruction, some tens of nanoseconds.
  bool renew() noexcept;

  /// Ends the lease. False if it had already ended. Never waits.
  bool release() noexcept;

  /// True if the lease is live now. A lease with a TTL may end right after.
  bool live() const noexcept;

 private:
  friend class internal::LeaseBinding;

  /// Where the entry is. Null if the lease is in private memory, or if there is none.
  internal::Attachment* attachment_ = nullptr;
  void* entry_ = nullptr;                 ///< null: no lease
  std::uint64_t lease_generation_ = 0;    ///< the entry's generation while it holds this lease
  std::uint64_t process_generation_ = 0;  ///< of the process that took the lease
  std::int64_t ttl_ns_ = 0;               ///< 0: none
};

/// A metric family whose value is the number of live leases of each key on the whole host. It cannot drift:
/// the leases are counted anew at each read.
class SHMETRICS_CXX_EXPORT LeaseGaugeFamily : public Family {
 public:
  /// Takes a lease on the key with these label values, if the limit allows. Over all processes of a segment,
  /// never more than `limit` are live at once. No attempt is refused while there is room: expired leases and
  /// those of dead processes are ended first. A refused attempt changes nothing and extends nothing.
  ///
  /// Errors:
  ///   kLimitReached: the key has `limit` live leases.
  ///   kBusy: nothing was decided, because another process was deciding for the same shard of keys, and it was
  ///   stopped, or LeaseOptions::max_wait was over. Ask again.
  ///   kLeaseTableFull, kSegmentFull, kNoFreeSlot, kForeignNamespace, kUnrecoverable.
  ///   kOutOfMemory: nothing was decided, because the segment cannot grow, or because this process has no
  ///   memory left.
  ///   kInvalidLabels: the label values are not UTF-8, of the wrong number, or longer than 320 bytes as a
  ///   label block.
  ///   kBadOption: the TTL is 0 or less.
  ///   kNotOpenable: the limit would refuse, but the kernel cannot be asked who lives, for want of a
  ///   descriptor; or this process cannot open the segment's file again, for a worker slot.
  ///   kAbsent: nothing was decided, because there is no segment, or because it was removed and cannot be made
  ///   anew, or because that cannot be found out.
  ///   kUnknown: nothing was decided, because /proc does not tell this process's namespaces.
  ///   The family's own error, if the family was refused.
  /// With RegistryOptions::private_decisions, and as long as there has never been a segment, the lease exists
  /// in this process only, and the limit counts this process's leases.
  ///
  /// Thread-safe; in a forked child it works for the child. Costs some hundred nanoseconds, and with a limit
  /// some more for each live lease of the key. It costs more only when the limit would refuse: then the
  /// kernel is asked if the other processes live.
  Result<Lease> try_acquire(std::initializer_list<std::string_view> values,
                            const LeaseOptions& options = {}) const noexcept;
  Result<Lease> try_acquire(std::span<const std::string_view> values,
                            const LeaseOptions& options = {}) const noexcept;

  /// How many leases of this key are live now. Waits as LeaseOptions::max_wait says. Fails with kBusy and
  /// other errors as above.
  Result<std::uint64_t> live(std::initializer_list<std::string_view> values,
                             std::optional<Duration> max_wait = {}) const noexcept;
  Result<std::uint64_t> live(std::span<const std::string_view> values,
                             std::optional<Duration> max_wait = {}) const noexcept;

 private:
  friend class Registry;
  friend class internal::LeaseBinding;
  explicit LeaseGaugeFamily(internal::FamilyBinding* binding) noexcept;
};

}  // namespace shmetrics

#endif  // SHMETRICS_LEASE_H_

#ifndef SHMETRICS_LEASE_H_
#define SHMETRICS_LEASE_H_

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

#include "shmetrics/export.h"
#include "shmetrics/family.h"
#include "shmetrics/result.h"

namespace shmetrics {

namespace internal {
class LeaseBinding;
struct Attachment;
}  // namespace internal

/// How a lease is asked for.
struct LeaseOptions {
  /// How many live leases the key may have on this host, the new one included. None: any number; 0: not one.
  std::optional<std::uint32_t> limit = {};
  /// How long the lease lives without renew(); more than 0. None: as long as this process.
  std::optional<std::chrono::nanoseconds> ttl = {};
};

/// One thing in use by this process for one key: a stream of user 42. Ends when it is released, when its time has run
/// out, or when the process dies, whichever is first, and from the very next read or admission, with nobody cleaning
/// up. The idea is Chubby's and ZooKeeper's session lease, with the kernel for a failure detector.
///
/// Movable; its destructor releases it. In a forked child a lease of the parent is nothing: there renew() and release()
/// change nothing, and the destructor is harmless. One lease is for one thread at a time; different leases are
/// independent. Not async-signal-safe, and a thread that is in a call here must not be ended by pthread_cancel(). A child
/// made by a raw clone(), which the C library does not know of, is refused leases: its mutexes would not be robust.
class SHMETRICS_EXPORT Lease {
 public:
  /// No lease.
  Lease() noexcept = default;
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease();

  /// Lets the lease live for its whole TTL from now on. False if it has ended: what it stood for must stop, or be asked
  /// for anew. Of a lease without a TTL this only says whether it lives. Waits for nobody; costs a clock and a locked
  /// instruction, some tens of nanoseconds.
  bool renew() noexcept;

  /// Ends the lease. False if it had ended before. Waits for nobody.
  bool release() noexcept;

  /// Whether it lives now. A lease with a TTL may end right after.
  bool live() const noexcept;

 private:
  friend class internal::LeaseBinding;

  internal::Attachment* attachment_ = nullptr;  ///< where the entry is; null if in private memory, or none
  void* entry_ = nullptr;                       ///< null: no lease
  std::uint64_t lease_generation_ = 0;          ///< the entry's, while it is this lease's
  std::uint64_t process_generation_ = 0;        ///< of the process that acquired it
  std::int64_t ttl_ns_ = 0;                     ///< 0: none
};

/// A metric family whose value is the number of live leases of each key, on the whole host. It cannot drift: it is
/// counted, never added up.
class SHMETRICS_EXPORT LeaseGaugeFamily : public Family {
 public:
  /// Takes a lease on the key of these label values, if the limit allows. Never more than `limit` are live at once in one
  /// segment, over all processes, and none is refused while there is room: leases of the dead and expired ones are ended first. A
  /// refused attempt changes nothing and extends nothing.
  ///
  /// kLimitReached; kBusy if another process was stopped while it decided for the same shard of keys (waits 50 ms at
  /// most: ask again); kLeaseTableFull, kSegmentFull, kOutOfMemory, kNoFreeSlot, kForeignNamespace, kUnrecoverable;
  /// kInvalidLabels for label values that are not UTF-8, of the wrong number, or longer than 320 bytes as a label block;
  /// kBadOption for a TTL of 0 or less; kNotOpenable if the limit would refuse but the kernel cannot be asked who lives, for
  /// want of a descriptor; the family's own error, if it was refused. Without a segment the lease is one of
  /// this process only, and the limit counts this process's.
  ///
  /// Thread-safe; in a forked child it works for the child. Costs some hundred nanoseconds, and with a limit some more for
  /// each live lease of the key; more only where another process's life must be asked for: when the limit would refuse.
  Result<Lease> try_acquire(std::initializer_list<std::string_view> values,
                            const LeaseOptions& options = {}) const noexcept;
  Result<Lease> try_acquire(std::span<const std::string_view> values,
                            const LeaseOptions& options = {}) const noexcept;

  /// How many leases of this key are live now. kBusy and the like as above.
  Result<std::uint64_t> live(std::initializer_list<std::string_view> values) const noexcept;
  Result<std::uint64_t> live(std::span<const std::string_view> values) const noexcept;

 private:
  friend class Registry;
  friend class internal::LeaseBinding;
  explicit LeaseGaugeFamily(internal::FamilyBinding* binding) noexcept;
};

}  // namespace shmetrics

#endif  // SHMETRICS_LEASE_H_

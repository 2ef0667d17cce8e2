#ifndef SHMETRICS_TESTS_SUPPORT_LESSEE_H_
#define SHMETRICS_TESTS_SUPPORT_LESSEE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shm/leases/leases.h"
#include "shm/segment/segment_options.h"
#include "tests/support/bare_worker.h"

namespace shmetrics::testing {

inline constexpr std::int64_t kMillisecondNs = 1'000'000;
inline constexpr std::int64_t kMinuteNs = 60'000 * kMillisecondNs;

/// A process's leases of one family `uploads{user_id}`, built only from parts of shm.
class Lessee {
 public:
  explicit Lessee(const std::string& path, const shm::SegmentOptions& options = SmallSegment())
      : worker_(path, options), leases_(worker_.segment(), worker_.arena()) {
    family_ = worker_.Register(GaugeNamed("uploads", shm::layout::GaugeMode::kLeases, {"user_id"})).value();
  }

  Result<shm::HeldLease> Acquire(std::string_view user, std::optional<std::uint32_t> limit = {},
                                 std::int64_t ttl_ns = 0) {
    return AcquireOn(user, {.limit = limit, .ttl_ns = ttl_ns});
  }
  Result<shm::HeldLease> AcquireOn(std::string_view user, const shm::Leases::Terms& terms) {
    Result<shm::layout::WorkerSlot*> slot = worker_.slot().Hold();
    if (!slot.ok()) return slot.error();
    return leases_.Acquire(family_, {&user, 1}, terms, slot.value());
  }
  Result<std::uint64_t> CountLive(std::string_view user) { return leases_.CountLive(family_, {&user, 1}); }
  bool Release(const shm::HeldLease& lease) { return leases_.Release(lease); }
  BareWorker& worker() { return worker_; }
  shm::layout::Ref family() const { return family_.ref; }
  const shm::RegisteredFamily& registered_family() const { return family_; }

 private:
  BareWorker worker_;
  shm::Leases leases_;
  shm::RegisteredFamily family_;
};

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_LESSEE_H_

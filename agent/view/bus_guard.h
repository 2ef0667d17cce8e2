#ifndef SHMETRICS_AGENT_VIEW_BUS_GUARD_H_
#define SHMETRICS_AGENT_VIEW_BUS_GUARD_H_

#include <atomic>
#include <csignal>

namespace shmetrics::agent {

/// Lets this thread read a mapped file whose end another process may cut off at any moment. Touching what is
/// gone raises SIGBUS; while a BusGuard lives, the page is replaced by one of zeros and the reader goes on,
/// to learn from was_hit() that what it read is worthless. The replaced page stays until the mapping goes, so
/// a mapping that was hit is to be given up. At most one in a thread at a time. SIGBUS of any other cause or
/// thread ends the process as ever.
class BusGuard {
 public:
  /// Takes over SIGBUS for the process. Before the first BusGuard.
  static void Install();

  BusGuard();
  ~BusGuard();
  BusGuard(const BusGuard&) = delete;
  BusGuard& operator=(const BusGuard&) = delete;

  bool was_hit() const { return was_hit_; }

 private:
  static void OnBusError(int signal, siginfo_t* info, void* context);

  std::atomic<bool> was_hit_ = false;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_VIEW_BUS_GUARD_H_

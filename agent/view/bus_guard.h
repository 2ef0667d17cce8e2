#ifndef SHMETRICS_AGENT_VIEW_BUS_GUARD_H_
#define SHMETRICS_AGENT_VIEW_BUS_GUARD_H_

#include <atomic>
#include <csignal>

namespace shmetrics::agent {

/// Lets this thread read a mapped file that another process may cut off at any moment. Reading a page that is
/// gone raises SIGBUS. While a BusGuard lives, its handler puts a page of zeros there and the reader goes on.
/// Afterwards was_hit() says that the read bytes are worthless. The page of zeros stays, so give up a mapping
/// that was hit. A thread can have one BusGuard at a time. SIGBUS of any other cause, or on a thread without
/// a BusGuard, kills the process as usual.
class BusGuard {
 public:
  /// Installs the process's handler of SIGBUS. Call it before the first BusGuard.
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

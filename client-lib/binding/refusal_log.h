#ifndef SHMETRICS_CLIENT_LIB_BINDING_REFUSAL_LOG_H_
#define SHMETRICS_CLIENT_LIB_BINDING_REFUSAL_LOG_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "shm/result.h"
#include "shmetrics/registry.h"

namespace shmetrics::internal {

/// The refusals that this process has met: a count for each kind, and its first message. Bounded, because
/// every call may meet one. Lock-free, because a child may be forked at any moment.
class RefusalLog {
 public:
  void Note(const Error& error) noexcept;
  std::vector<RefusalStatus> Read() const;
  /// True if one of them was a limit or the end of memory.
  bool MetALimit() const noexcept;

 private:
  std::array<std::atomic<std::uint64_t>, kErrorCodes.size()> counts_{};
  std::array<std::atomic<const Error*>, kErrorCodes.size()> first_{};  ///< never freed
};

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_BINDING_REFUSAL_LOG_H_

#ifndef SHMETRICS_CLIENT_LIB_BINDING_REFUSAL_LOG_H_
#define SHMETRICS_CLIENT_LIB_BINDING_REFUSAL_LOG_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <vector>

#include "shm/result.h"
#include "shmetrics/registry.h"

namespace shmetrics::internal {

/// What this process has been refused: a count for each kind, and the first message. Bounded, because a
/// refusal may be met at every call; lock-free, because a child may be made at any moment.
class RefusalLog {
 public:
  void Note(const Error& error) noexcept;
  std::vector<RefusalStatus> Read() const;
  /// Whether a limit or the end of memory was among them.
  bool MetALimit() const noexcept;

 private:
  std::array<std::atomic<std::uint64_t>, kErrorCodes.size()> counts_{};
  std::array<std::atomic<const Error*>, kErrorCodes.size()> first_{};  ///< never freed
};

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_BINDING_REFUSAL_LOG_H_

#ifndef SHMETRICS_AGENT_HTTP_RESPONSE_BUDGET_H_
#define SHMETRICS_AGENT_HTTP_RESPONSE_BUDGET_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "agent/http/http_message.h"

namespace shmetrics::agent {

/// Bounds the memory of the answers that clients have not taken yet: a client may take one as slowly as its
/// deadline allows. Thread-safe.
class ResponseBudget {
 public:
  /// Answers up to this size always fit, because /-/healthy must be answered however slow others are. Their
  /// number is bounded by that of the connections.
  static constexpr std::size_t kAlwaysFits = std::size_t{64} << 10U;

  static constexpr std::size_t kDefaultLimit = std::size_t{256} << 20U;

  explicit ResponseBudget(std::size_t limit);
  ResponseBudget(const ResponseBudget&) = delete;
  ResponseBudget& operator=(const ResponseBudget&) = delete;

  /// May be called while answers are in flight.
  void SetLimit(std::size_t bytes) { limit_ = bytes; }
  std::size_t limit() const { return limit_; }
  std::size_t in_flight() const { return in_flight_; }
  std::uint64_t refused() const { return refused_; }

  /// `answer`, to be sent to any number of clients. Its bytes are in flight until the last of them lets go of
  /// it, and this must live as long. If they do not fit, the result is a 503 instead, which is counted.
  std::shared_ptr<const HttpResponse> Admit(HttpResponse answer);

 private:
  bool Take(std::size_t bytes);
  void GiveBack(std::size_t bytes);

  std::atomic<std::size_t> limit_;
  std::atomic<std::size_t> in_flight_{0};
  std::atomic<std::size_t> peak_{0};  ///< since memory was last given back to the kernel
  std::atomic<std::uint64_t> refused_{0};
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_RESPONSE_BUDGET_H_

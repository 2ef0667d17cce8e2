#include "client-lib/binding/refusal_log.h"

#include <new>

namespace shmetrics::internal {

void RefusalLog::Note(const Error& error) noexcept {
  const auto kind = static_cast<std::size_t>(error.code);
  // A code that is missing in kErrorCodes must not write past the end.
  if (kind >= kErrorCodes.size()) return;
  counts_[kind].fetch_add(1, std::memory_order_relaxed);  // no order needed: a statistic
  if (first_[kind].load(std::memory_order_acquire) != nullptr) return;
  try {
    const Error* mine = new Error(error);
    const Error* none = nullptr;
    // pairs with the acquire above and in Read()
    if (!first_[kind].compare_exchange_strong(none, mine, std::memory_order_acq_rel)) delete mine;
  } catch (const std::bad_alloc&) {  // then the count has no message
  }
}

std::vector<RefusalStatus> RefusalLog::Read() const {
  std::vector<RefusalStatus> refusals;
  for (std::size_t kind = 0; kind < kErrorCodes.size(); kind++) {
    // no order needed: a statistic
    const std::uint64_t count = counts_[kind].load(std::memory_order_relaxed);
    const Error* first = first_[kind].load(std::memory_order_acquire);
    if (count > 0)
      refusals.push_back({static_cast<ErrorCode>(kind), count, first == nullptr ? "" : first->message});
  }
  return refusals;
}

bool RefusalLog::MetALimit() const noexcept {
  for (const ErrorCode code : {ErrorCode::kSeriesLimit, ErrorCode::kSegmentFull, ErrorCode::kOutOfMemory,
                               ErrorCode::kNoFreeSlot, ErrorCode::kLeaseTableFull, ErrorCode::kLedgerFull}) {
    // no order needed: a statistic
    if (counts_[static_cast<std::size_t>(code)].load(std::memory_order_relaxed) > 0) return true;
  }
  return false;
}

}  // namespace shmetrics::internal

#ifndef SHMETRICS_CLIENT_LIB_BINDING_DETACHED_LEDGER_H_
#define SHMETRICS_CLIENT_LIB_BINDING_DETACHED_LEDGER_H_

#include <cstdint>
#include <string_view>

#include "shm/leases/ledger.h"
#include "shm/result.h"

namespace shmetrics::internal {

/// What keys have used today within this process, for a program without a segment that asks for private
/// decisions (RegistryOptions). It knows no classes. A child has used nothing. Thread-safe.
class DetachedLedger {
 public:
  /// Like shm::Ledger::Spend(), but kLedgerFull if there is no room for another key. Takes memory, so it may
  /// throw std::bad_alloc.
  static Result<shm::Ledger::Decision> Spend(std::string_view key, std::uint64_t amount,
                                             shm::Ledger::Intent intent,
                                             const shm::Ledger::LimitOf& limit_of);
  /// Like those of shm::Ledger. They may throw std::bad_alloc too.
  static shm::Ledger::Decision Refund(std::string_view key, std::uint64_t amount);
  static shm::Ledger::Account Read(std::string_view key);
};

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_BINDING_DETACHED_LEDGER_H_

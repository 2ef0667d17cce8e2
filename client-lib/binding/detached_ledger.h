#ifndef SHMETRICS_CLIENT_LIB_BINDING_DETACHED_LEDGER_H_
#define SHMETRICS_CLIENT_LIB_BINDING_DETACHED_LEDGER_H_

#include <cstdint>
#include <optional>
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
                                             shm::Ledger::Intent intent, const shm::AmountLimitOf& limit_of);
  /// Like those of shm::Ledger. They may throw std::bad_alloc too.
  static shm::Ledger::Decision Refund(std::string_view key, std::uint64_t amount);
  static shm::Account Read(std::string_view key);

  /// Reserves an amount, as leases do (shm::Leases::Reserved). Returns a number that names the reservation in
  /// this process, or none if it was denied. `account` is set in both cases.
  static std::optional<std::uint64_t> Reserve(std::string_view key, std::uint64_t amount,
                                              const shm::AmountLimitOf& limit_of, shm::Account* account);
  /// Like shm::Ledger::Settle(). kLedgerFull as Spend().
  static Result<shm::Account> Settle(std::string_view key, std::uint64_t reservation, std::uint64_t amount);
  /// False if it has ended, or is another process's.
  static bool Cancel(std::uint64_t reservation);
  static bool IsLive(std::uint64_t reservation);
};

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_BINDING_DETACHED_LEDGER_H_

#ifndef SHMETRICS_SHM_LEASES_LEDGER_H_
#define SHMETRICS_SHM_LEASES_LEDGER_H_

// Ledger: for each key an amount, used on one UTC day, and a class. The caller gives both their meaning. An
// amount is a whole number, so that many small ones add up to exactly their sum. A decision and its count are
// one step under the mutex of the key's shard.
//
// A key is one label value. Leases whose only label has that value are in the same shard.

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "shm/base/lock_wait.h"
#include "shm/leases/ledger_record.h"
#include "shm/result.h"
#include "shm/segment/arena.h"
#include "shm/segment/segment.h"

namespace shmetrics::shm {

class Ledger {
 public:
  /// Both must outlive this.
  Ledger(const Segment& segment, Arena& arena) : segment_(segment), arena_(arena) {}

  /// What the ledger says of a key today.
  struct Account {
    std::uint64_t amount = 0;     ///< used today
    std::uint32_t key_class = 0;  ///< 0: none was set
  };
  /// The key's account; an empty one if it has none. Errors: those of LeaseShard::Lock, which waits
  /// `max_wait_ns` at most.
  Result<Account> Read(std::string_view key, std::int64_t max_wait_ns = LockWait::kDefaultNs);

  /// From a key's class to the amount that it may use in a day; none: any amount.
  using LimitOf = std::function<std::optional<std::uint64_t>(std::uint32_t key_class)>;
  enum class Intent : std::uint8_t {
    kSpend,   ///< add the amount if the sum stays within the limit
    kAsk,     ///< only ask whether it would
    kRecord,  ///< add it whatever the limit: it has been used already
  };
  struct Decision {
    Account account;  ///< after the decision
    bool allowed;
    bool recorded;  ///< false also if it was allowed because the ledger has no room for another key
  };
  /// Decides about the amount as `intent` says. Errors as above. A full ledger refuses nobody who spends:
  /// what it could not record is counted as kLedgerFull or kOutOfMemory. For kRecord these are errors too,
  /// because nothing but the record was asked for.
  Result<Decision> Spend(std::string_view key, std::uint64_t amount, Intent intent, const LimitOf& limit_of,
                         std::int64_t max_wait_ns = LockWait::kDefaultNs);

  /// Takes the amount back from what the key has used today. Not allowed if that is less: then nothing
  /// changes. Errors as above.
  Result<Decision> Refund(std::string_view key, std::uint64_t amount,
                          std::int64_t max_wait_ns = LockWait::kDefaultNs);

  /// Sets the key's class for as long as it has an account. Errors as above, and kLedgerFull and
  /// kOutOfMemory, which are counted.
  Result<void> SetClass(std::string_view key, std::uint32_t key_class,
                        std::int64_t max_wait_ns = LockWait::kDefaultNs);

  /// Restores what was saved of a key before this segment was made: adds the amount to what was used since,
  /// if it is of the same day, and sets the class if there is none. Does so once for each key. Errors as
  /// SetClass.
  Result<void> Restore(const LedgerRecord& saved, std::int64_t max_wait_ns = LockWait::kDefaultNs);

  /// True once everything that was saved has been restored, which MarkLoaded() says. Restore() does not say
  /// it: if a process dies half-way, the next one must go on.
  bool IsLoaded() const;
  void MarkLoaded() const;

 private:
  const Segment& segment_;
  Arena& arena_;
};

/// Days since 1970-01-01 in UTC, by the wall clock.
std::int64_t UtcDay();

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_LEDGER_H_

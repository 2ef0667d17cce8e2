#ifndef SHMETRICS_SHM_LEASES_LEDGER_H_
#define SHMETRICS_SHM_LEASES_LEDGER_H_

// Ledger: what each user has used of his UTC day, and his tier. Decided and counted in one step under the mutex of the
// user's shard, in whole billionths of a minute, so that many small amounts add up to exactly what they are.
//
// The ledger's key is the one label value that names the user in leases: both are in one shard.

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "shm/leases/ledger_record.h"
#include "shm/result.h"
#include "shm/segment/arena.h"
#include "shm/segment/segment.h"

namespace shmetrics::shm {

class Ledger {
 public:
  /// Both must outlive this.
  Ledger(const Segment& segment, Arena& arena) : segment_(segment), arena_(arena) {}

  /// What a user has used today.
  struct Account {
    std::uint64_t nano_minutes = 0;
    std::uint32_t tier = 0;  ///< 0: none was set
  };
  /// The user's account; an empty one if he has none. kBusy and the like as LeaseShard::Take.
  Result<Account> Read(std::string_view user);

  /// From the tier in a user's account to the nano-minutes he may use in a day; none: any number.
  using LimitOf = std::function<std::optional<std::uint64_t>(std::uint32_t tier)>;
  enum class Intent : std::uint8_t { kSpend, kAsk };
  struct Decision {
    Account account;  ///< after it
    bool allowed;
    bool recorded;  ///< false also if it was allowed because the ledger has no room for another user
  };
  /// Takes the amount if what is used then does not pass the limit, or only asks whether it would. kBusy and the like as
  /// above. A full ledger refuses nobody: what it could not record is counted (kLedgerFull, or kOutOfMemory).
  Result<Decision> Spend(std::string_view user, std::uint64_t nano_minutes, Intent intent,
                         const LimitOf& limit_of);

  /// Sets the user's tier, for as long as he has an account. kLedgerFull, which is counted; kBusy and the like as above.
  Result<void> SetTier(std::string_view user, std::uint32_t tier);

  /// Adds what was saved of a user before this segment was made to what he has used since, once: minutes of the same day,
  /// and the tier if none has been set. Errors as SetTier.
  Result<void> Restore(const LedgerRecord& saved);

  /// Whether everything that was saved has been restored; MarkLoaded() says so. Not done by Restore(): a death in the
  /// middle must leave it to the next.
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

#ifndef SHMETRICS_SHM_LEASES_ACCOUNT_H_
#define SHMETRICS_SHM_LEASES_ACCOUNT_H_

// Account: a key's entry in the ledger, while its shard is locked. ledger.h says what it is for.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "shm/layout/layout.h"
#include "shm/leases/lease_shard.h"
#include "shm/result.h"
#include "shm/segment/arena.h"
#include "shm/segment/segment.h"

namespace shmetrics::shm {

/// A key's bytes in its entry: its name, and behind a NUL its domain, unless that is empty. The hash is that of
/// the name alone, so that the accounts of a name in all domains, and its leases, are in one shard.
class LedgerKeyBytes {
 public:
  /// Both must outlive this.
  LedgerKeyBytes(std::string_view name, std::string_view domain) : name_(name) {
    if (domain.empty()) return;
    composed_.reserve(name.size() + 1 + domain.size());
    composed_.append(name).append(1, '\0').append(domain);
  }
  std::string_view view() const {
    if (composed_.empty()) return name_;
    return composed_;
  }

 private:
  std::string_view name_;
  std::string composed_;
};

/// What the ledger says of a key today.
struct Account {
  std::uint64_t amount = 0;     ///< used today
  std::uint32_t key_class = 0;  ///< 0: none was set
  std::uint64_t reserved = 0;   ///< by leases of the key (reserved_amount.h)
};

/// From a key's class to the amount that it may use in a day; none: any amount.
using AmountLimitOf = std::function<std::optional<std::uint64_t>(std::uint32_t key_class)>;

/// Adds; the largest number there is for a sum that would be larger.
constexpr std::uint64_t AddAmounts(std::uint64_t a, std::uint64_t b) {
  return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

/// The place of a day in an account; null if nothing is known of that day, or there is no account.
layout::LedgerState* FindDay(layout::LedgerEntry* entry, std::int64_t day);
/// A place for a day of which nothing is known. The earliest day gives way: the three latest stay.
layout::LedgerState* PlaceForDay(layout::LedgerEntry* entry);
/// True if the day's place is in use.
bool SaysSomething(const layout::LedgerState& state);
/// Writes a day and its amount in one step, so that they belong together after any death.
void SetState(layout::LedgerState* state, const layout::LedgerState& wanted);
/// Writes the amount of a day.
void SetAmount(layout::LedgerEntry* entry, std::int64_t day, std::uint64_t amount);

/// What is used on a day, without what is reserved; nothing if there is no account.
Account ReadAccount(layout::LedgerEntry* entry, std::int64_t day);

/// Makes an account. If the table is full, keys are forgotten for it that have no class and no lease, and have
/// used nothing today or on the three latest days on which anybody has. Errors: kLedgerFull, kSegmentFull,
/// kOutOfMemory, which are counted.
Result<layout::LedgerEntry*> AddAccount(const LeaseShard& shard, const Segment& segment, Arena& arena,
                                        std::uint64_t hash, std::string_view key,
                                        const layout::LedgerState& state, std::uint32_t key_class);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_ACCOUNT_H_

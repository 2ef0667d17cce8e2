#ifndef SHMETRICS_SHM_LEASES_LEDGER_H_
#define SHMETRICS_SHM_LEASES_LEDGER_H_

// Ledger: for each key and UTC day the amount used, and for each key a class. The caller gives both their
// meaning. An amount is a whole number, so that many small ones add up to exactly their sum. A decision and its
// count are one step under the mutex of the key's shard.
//
// The wall clock may be wrong for a moment. So a day begins beside the others, and replaces none of the three
// latest: once the clock is right again, the amount of the right day is there.
//
// A key may have an account in each of several domains, such as minutes of audio and of video, which share
// nothing. A domain is a name that its users agree on.
//
// A key is one label value. Leases whose only label has that value are in the same shard. They may reserve a
// part of what the key may use (Leases::Reserved), which counts as used until they end.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shm/base/lock_wait.h"
#include "shm/leases/account.h"
#include "shm/leases/leases.h"
#include "shm/leases/ledger_clock.h"
#include "shm/leases/ledger_record.h"
#include "shm/result.h"
#include "shm/segment/arena.h"
#include "shm/segment/segment.h"

namespace shmetrics::shm {

/// Names a key, the family of the leases that reserve its amounts (null: there are none), and the domain.
struct LedgerKey {
  // Not explicit: a key without reservations is only its name.
  LedgerKey(std::string_view the_name,  // NOLINT(google-explicit-constructor)
            const RegisteredFamily* the_reservations = nullptr, std::string_view the_domain = {})
      : name(the_name), reservations(the_reservations), domain(the_domain) {}
  LedgerKey(const std::string& the_name)  // NOLINT(google-explicit-constructor)
      : LedgerKey(std::string_view{the_name}) {}
  LedgerKey(const char* the_name)  // NOLINT(google-explicit-constructor)
      : LedgerKey(std::string_view{the_name}) {}

  std::string_view name;
  const RegisteredFamily* reservations;
  std::string_view domain;
};

class Ledger {
 public:
  /// Both must outlive this.
  Ledger(const Segment& segment, Arena& arena) : segment_(segment), arena_(arena) {}

  /// The key's account; an empty one if it has none. Errors: those of LeaseShard::Lock, which waits
  /// `max_wait_ns` at most.
  Result<Account> Read(const LedgerKey& key, std::int64_t max_wait_ns = LockWait::kDefaultNs);

  enum class Intent : std::uint8_t {
    kSpend,   ///< add the amount if the sum stays within the limit
    kAsk,     ///< only ask whether it would
    kRecord,  ///< add it whatever the limit: it has been used already
  };
  struct Decision {
    /// After the decision. If it was allowed, `reserved` may have leases in it whose owners have just died.
    Account account;
    bool allowed;
    bool recorded;  ///< false also if it was allowed because the ledger has no room for another key
  };
  /// Decides about the amount as `intent` says. Errors as above, and those of ReservedAmount. A full ledger
  /// refuses nobody who spends: what it could not record is counted as kLedgerFull or kOutOfMemory. For
  /// kRecord these are errors too, because nothing but the record was asked for.
  Result<Decision> Spend(const LedgerKey& key, std::uint64_t amount, Intent intent,
                         const AmountLimitOf& limit_of, std::int64_t max_wait_ns = LockWait::kDefaultNs);

  /// Takes the amount back from what the key has used today. Not allowed if that is less: then nothing
  /// changes. Errors as above.
  Result<Decision> Refund(const LedgerKey& key, std::uint64_t amount,
                          std::int64_t max_wait_ns = LockWait::kDefaultNs);

  /// Ends a lease of the key that reserves an amount, and adds what was really used, whatever the limit.
  /// kEnded if the lease has ended: then nothing is added. Errors as for kRecord: then the lease goes on.
  Result<Account> Settle(const LedgerKey& key, const HeldLease& lease, std::uint64_t amount,
                         std::int64_t max_wait_ns = LockWait::kDefaultNs);

  /// Sets the key's class. A key with a class is never forgotten. Errors as above, and kLedgerFull and
  /// kOutOfMemory, which are counted.
  Result<void> SetClass(const LedgerKey& key, std::uint32_t key_class,
                        std::int64_t max_wait_ns = LockWait::kDefaultNs);

  /// Restores what was saved of a key and day before this segment was made: adds the amount to what was used
  /// on that day since, and sets the class if there is none. Adds it once for each key and day. Errors as
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

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_LEDGER_H_

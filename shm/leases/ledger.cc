#include "shm/leases/ledger.h"

#include <string>
#include <utility>

#include "shm/base/crash_point.h"
#include "shm/leases/lease_shard.h"
#include "shm/leases/lease_state.h"
#include "shm/leases/owner_probe.h"
#include "shm/leases/reserved_amount.h"
#include "shm/series/key_hash.h"

namespace shmetrics::shm {
namespace {

using layout::LedgerEntry;
using layout::LedgerState;

std::uint64_t HashOfKey(const Segment& segment, std::string_view key) {
  return HashOfValues(segment.hash_key(), 0, {&key, 1});
}

Result<void> CheckKey(const LedgerKey& key, std::string_view bytes) {
  const bool is_whole =
      key.name.find('\0') == std::string_view::npos && key.domain.find('\0') == std::string_view::npos;
  if (bytes.size() <= layout::kMaxKeyBytes && is_whole) return {};
  return Error{ErrorCode::kInvalidLabels, "key of the ledger refused: longer than " +
                                              std::to_string(layout::kMaxKeyBytes) + " bytes, or with a NUL"};
}

Error HasEnded() { return Error{ErrorCode::kEnded, "the reservation has ended"}; }

/// A key's place in the ledger, while its shard is locked.
struct Place {
  LeaseShard shard;
  std::uint64_t hash;
  LedgerEntry* entry;  ///< null if it has no account
};

Result<Place> Lock(const Segment& segment, const LedgerKey& key, std::int64_t max_wait_ns) {
  const LedgerKeyBytes bytes(key.name, key.domain);
  if (Result<void> checked = CheckKey(key, bytes.view()); !checked.ok()) return checked.error();
  const std::uint64_t hash = HashOfKey(segment, key.name);
  Result<LeaseShard> shard = LeaseShard::Lock(segment, hash, max_wait_ns);
  if (!shard.ok()) return shard.error();
  Result<LedgerEntry*> entry = shard->FindLedgerEntry(hash, bytes.view());
  if (!entry.ok()) return entry.error();
  return Place{std::move(shard.value()), hash, entry.value()};
}

/// Nothing used on that day.
LedgerState StateOf(std::int64_t day) { return {static_cast<std::int32_t>(day), 0, 0}; }

/// Makes the account if there is none.
Result<void> Open(Place* place, const Segment& segment, Arena& arena, const LedgerKey& key,
                  const LedgerState& state, std::uint32_t key_class) {
  if (place->entry != nullptr) return {};
  Result<LedgerEntry*> added = AddAccount(place->shard, segment, arena, place->hash,
                                          LedgerKeyBytes(key.name, key.domain).view(), state, key_class);
  if (!added.ok()) return added.error();
  place->entry = added.value();
  return {};
}

}  // namespace

Result<Account> Ledger::Read(const LedgerKey& key, std::int64_t max_wait_ns) {
  Result<Place> place = Lock(segment_, key, max_wait_ns);
  if (!place.ok()) return place.error();
  Account account = ReadAccount(place->entry, UtcDay());
  LeaseIndex leases = place->shard.index();
  OwnerProbe probe(segment_, OwnerProbe::Asks::kTheKernel);
  account.reserved =
      ReservedAmount(segment_, &leases, place->hash, key.reservations, key.name).OfTheLiving(&probe);
  if (probe.could_not_ask()) return CannotAskAboutReservations(segment_);
  return account;
}

Result<Ledger::Decision> Ledger::Spend(const LedgerKey& key, std::uint64_t amount, Intent intent,
                                       const AmountLimitOf& limit_of, std::int64_t max_wait_ns) {
  Result<Place> place = Lock(segment_, key, max_wait_ns);
  if (!place.ok()) return place.error();
  // The day is read under the mutex: of two processes at midnight, the second must not go back to the day
  // before.
  const std::int64_t today = UtcDay();
  Account account = ReadAccount(place->entry, today);
  LeaseIndex leases = place->shard.index();
  ReservedAmount reserved(segment_, &leases, place->hash, key.reservations, key.name);
  if (const auto limit = limit_of(account.key_class); limit && intent != Intent::kRecord) {
    OwnerProbe probe(segment_, OwnerProbe::Asks::kTheKernel);
    const Result<bool> fits = reserved.LeavesRoomFor(amount, account.amount, limit, &probe);
    if (!fits.ok()) return fits.error();
    account.reserved = reserved.Known();
    if (!fits.value()) return Decision{account, false, false};
  } else {
    account.reserved = reserved.Known();
  }
  if (intent == Intent::kAsk) return Decision{account, true, false};
  if (Result<void> opened = Open(&place.value(), segment_, arena_, key, StateOf(today), 0); !opened.ok()) {
    if (intent == Intent::kRecord) return opened.error();
    return Decision{account, true, false};
  }
  account.amount = AddAmounts(account.amount, amount);
  NoteLedgerDay(segment_, today);
  SHMETRICS_CRASH_POINT("ledger_before_spending");
  SetAmount(place->entry, today, account.amount);
  return Decision{account, true, true};
}

Result<Ledger::Decision> Ledger::Refund(const LedgerKey& key, std::uint64_t amount,
                                        std::int64_t max_wait_ns) {
  Result<Place> place = Lock(segment_, key, max_wait_ns);
  if (!place.ok()) return place.error();
  const std::int64_t today = UtcDay();
  Account account = ReadAccount(place->entry, today);
  LeaseIndex leases = place->shard.index();
  account.reserved = ReservedAmount(segment_, &leases, place->hash, key.reservations, key.name).Known();
  if (amount > account.amount) return Decision{account, false, false};
  account.amount -= amount;
  SHMETRICS_CRASH_POINT("ledger_before_refund");
  if (place->entry != nullptr) SetAmount(place->entry, today, account.amount);
  return Decision{account, true, true};
}

// A reservation is settled:
//   1 make the account, if there is none   die here -> an account that says nothing
//   2 compare-and-swap the lease ended     die here -> ended, and nobody is charged
//   3 add what was used                    die here -> settled; the repair lists the entry as free
//   4 take the lease out of the index      die here -> the same
// 2 comes before 3, so that no two settle the same lease, and none settles one that has been cancelled.
Result<Account> Ledger::Settle(const LedgerKey& key, const HeldLease& lease, std::uint64_t amount,
                               std::int64_t max_wait_ns) {
  Result<Place> place = Lock(segment_, key, max_wait_ns);
  if (!place.ok()) return place.error();
  const std::int64_t today = UtcDay();
  if (LoadState(*lease.entry).generation != lease.generation) return HasEnded();
  if (Result<void> opened = Open(&place.value(), segment_, arena_, key, StateOf(today), 0); !opened.ok())
    return opened.error();
  if (!End(lease.entry, {lease.generation, layout::kNoDeadline})) return HasEnded();
  SHMETRICS_CRASH_POINT("reservation_ended");
  Account account = ReadAccount(place->entry, today);
  account.amount = AddAmounts(account.amount, amount);
  NoteLedgerDay(segment_, today);
  if (amount > 0) SetAmount(place->entry, today, account.amount);
  SHMETRICS_CRASH_POINT("reservation_settled");
  LeaseIndex leases = place->shard.index();
  leases.Remove(lease.entry);
  account.reserved = ReservedAmount(segment_, &leases, place->hash, key.reservations, key.name).Known();
  return account;
}

Result<void> Ledger::SetClass(const LedgerKey& key, std::uint32_t key_class, std::int64_t max_wait_ns) {
  Result<Place> place = Lock(segment_, key, max_wait_ns);
  if (!place.ok()) return place.error();
  if (place->entry == nullptr)
    return Open(&place.value(), segment_, arena_, key, StateOf(UtcDay()), key_class);
  place->entry->key_class.store(key_class, std::memory_order_release);  // SYNC(entry)
  return {};
}

// Restoring into an account that is there already:
//   1 set the class, if it has none                     die here -> the next Restore() does it again
//   2 add the amount and mark the day, in one step      die here -> restored
Result<void> Ledger::Restore(const LedgerRecord& saved, std::int64_t max_wait_ns) {
  const LedgerKey key(saved.key, nullptr, saved.domain);
  Result<Place> place = Lock(segment_, key, max_wait_ns);
  if (!place.ok()) return place.error();
  LedgerState restored{static_cast<std::int32_t>(saved.day), 1, saved.amount};
  if (place->entry == nullptr) return Open(&place.value(), segment_, arena_, key, restored, saved.key_class);
  LedgerEntry* entry = place->entry;
  // no order needed: written under the mutex that is held
  if (entry->key_class.load(std::memory_order_relaxed) == 0) {
    entry->key_class.store(saved.key_class, std::memory_order_release);  // SYNC(entry)
  }
  SHMETRICS_CRASH_POINT("ledger_tier_restored");
  LedgerState* state = FindDay(entry, saved.day);
  if (state != nullptr && state->restored != 0) return {};
  if (state == nullptr) {
    state = PlaceForDay(entry);
    // What was saved of an early day takes the place of no later one.
    if (SaysSomething(*state) && state->day > saved.day) return {};
  } else {
    restored.amount = AddAmounts(restored.amount, state->amount);
  }
  SetState(state, restored);
  return {};
}

bool Ledger::IsLoaded() const {
  return segment_.mutable_header().ledger_loaded.load(std::memory_order_acquire) !=
         0;  // pairs with MarkLoaded()
}

void Ledger::MarkLoaded() const {
  segment_.mutable_header().ledger_loaded.store(1, std::memory_order_release);  // pairs with IsLoaded()
}

}  // namespace shmetrics::shm

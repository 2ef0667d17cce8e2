#include "shm/leases/ledger.h"

#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include "shm/base/clock.h"
#include "shm/base/crash_point.h"
#include "shm/leases/lease_clock.h"
#include "shm/leases/lease_shard.h"
#include "shm/leases/leases.h"
#include "shm/leases/owner_probe.h"
#include "shm/segment/refusal.h"
#include "shm/series/key_hash.h"

namespace shmetrics::shm {
namespace {

using layout::LedgerEntry;
using layout::LedgerState;
using LedgerTable = EntryTable<LedgerEntry>;

std::uint64_t HashOfKey(const Segment& segment, std::string_view key) {
  return HashOfValues(segment.hash_key(), 0, {&key, 1});
}

/// Writes day and amount in one step, so that they belong together after any death.
void SetState(LedgerEntry* entry, const LedgerState& wanted) {
  const LedgerState seen = entry->state;  // no other writer while the mutex is held
  auto expected = std::bit_cast<std::array<std::uint64_t, 2>>(seen);
  const auto desired = std::bit_cast<std::array<std::uint64_t, 2>>(wanted);
  CompareExchange16(&entry->state, expected.data(), desired.data());
}

/// What counts today. An amount of another day counts no longer, even if that day is later because the clock
/// was set back.
Ledger::Account AccountOf(const LedgerEntry* entry, std::int64_t today) {
  if (entry == nullptr) return {};
  // no order needed: written under the mutex that is held
  const std::uint32_t key_class = entry->key_class.load(std::memory_order_relaxed);
  return {entry->state.day == today ? entry->state.amount : 0, key_class};
}

/// Frees the accounts whose day has passed and whose key has no lease.
void Sweep(const LeaseShard& shard, const Segment& segment, LedgerTable& table, std::int64_t today) {
  OwnerProbe probe(segment, OwnerProbe::Asks::kTheKernel);
  LeaseIndex leases = shard.index();
  const std::int64_t now = LeaseNowNs();
  table.ForEach([&](LedgerEntry& entry) {
    if (!IsInUse(entry) || entry.state.day == today) return;
    // no order needed: as above
    if (leases.HasLive(entry.head.hash.load(std::memory_order_relaxed), now, &probe)) return;
    entry.generation.fetch_add(1, std::memory_order_acq_rel);  // SYNC(entry)
  });
  table.Rebuild([](const LedgerEntry& entry) { return IsInUse(entry); },
                [&](LedgerEntry* entry) { table.Insert(entry); });
}

// Makes an account in a free entry that has left the free list:
//   1 write key, state, class    die here -> the generation is even: free
//   2 bump the generation        die here -> an account; the repair puts it into its chain
//   3 put it into its chain      die here -> the same
Result<LedgerEntry*> AddEntry(const LeaseShard& shard, const Segment& segment, Arena& arena,
                              std::uint64_t hash, std::string_view key, const LedgerState& state,
                              std::uint32_t key_class) {
  LedgerTable table = shard.ledger();
  LedgerEntry* entry = table.TakeFree();
  if (entry == nullptr) {
    const Result<void> grown = shard.GrowLedger(arena);
    if (!grown.ok()) Sweep(shard, segment, table, UtcDay());
    entry = table.TakeFree();
    if (entry == nullptr) {
      const Error error =
          grown.ok() ? Error{ErrorCode::kLedgerFull, "the ledger has no free entry"} : grown.error();
      if (const auto reason = RefusalOf(error.code)) segment.CountRefusal(*reason);
      return error;
    }
  }
  SetKey(entry, hash, key);
  SetState(entry, state);
  entry->key_class.store(key_class, std::memory_order_release);  // SYNC(entry)
  SHMETRICS_CRASH_POINT("ledger_written");
  entry->generation.fetch_add(1, std::memory_order_acq_rel);  // SYNC(entry)
  SHMETRICS_CRASH_POINT("ledger_opened");
  table.Insert(entry);
  return entry;
}

Result<void> CheckKey(std::string_view key) {
  if (key.size() <= layout::kMaxKeyBytes) return {};
  return Error{ErrorCode::kInvalidLabels,
               "key of the ledger refused: longer than " + std::to_string(layout::kMaxKeyBytes) + " bytes"};
}

/// A key's place in the ledger, while its shard is locked.
struct Place {
  LeaseShard shard;
  std::uint64_t hash;
  LedgerEntry* entry;  ///< null if it has no account
};

Result<Place> Lock(const Segment& segment, std::string_view key, std::int64_t max_wait_ns) {
  if (Result<void> checked = CheckKey(key); !checked.ok()) return checked.error();
  const std::uint64_t hash = HashOfKey(segment, key);
  Result<LeaseShard> shard = LeaseShard::Lock(segment, hash, max_wait_ns);
  if (!shard.ok()) return shard.error();
  Result<LedgerEntry*> entry = shard->FindLedgerEntry(hash, key);
  if (!entry.ok()) return entry.error();
  return Place{std::move(shard.value()), hash, entry.value()};
}

}  // namespace

std::int64_t UtcDay() {
  constexpr std::int64_t kDayNs = 86'400'000'000'000;
  const std::int64_t now = NowNs(CLOCK_REALTIME);
  return now / kDayNs - (now % kDayNs < 0 ? 1 : 0);
}

Result<Ledger::Account> Ledger::Read(std::string_view key, std::int64_t max_wait_ns) {
  Result<Place> place = Lock(segment_, key, max_wait_ns);
  if (!place.ok()) return place.error();
  return AccountOf(place->entry, UtcDay());
}

Result<Ledger::Decision> Ledger::Spend(std::string_view key, std::uint64_t amount, Intent intent,
                                       const LimitOf& limit_of, std::int64_t max_wait_ns) {
  Result<Place> place = Lock(segment_, key, max_wait_ns);
  if (!place.ok()) return place.error();
  // The day is read under the mutex: of two processes at midnight, the second must not go back to the day
  // before.
  const std::int64_t today = UtcDay();
  const Account account = AccountOf(place->entry, today);
  const std::optional<std::uint64_t> limit = limit_of(account.key_class);
  const bool is_within = !limit || (account.amount <= *limit && amount <= *limit - account.amount);
  if (!is_within && intent != Intent::kRecord) return Decision{account, false, false};
  if (intent == Intent::kAsk) return Decision{account, true, false};
  if (place->entry == nullptr) {
    Result<LedgerEntry*> added = AddEntry(place->shard, segment_, arena_, place->hash, key,
                                          {static_cast<std::int32_t>(today), 0, 0}, 0);
    if (!added.ok() && intent == Intent::kRecord) return added.error();
    if (!added.ok()) return Decision{account, true, false};
    place->entry = added.value();
  }
  const std::uint64_t used = account.amount + std::min(amount, UINT64_MAX - account.amount);
  SHMETRICS_CRASH_POINT("ledger_before_spending");
  SetState(place->entry, {static_cast<std::int32_t>(today), place->entry->state.restored, used});
  return Decision{{used, account.key_class}, true, true};
}

Result<Ledger::Decision> Ledger::Refund(std::string_view key, std::uint64_t amount,
                                        std::int64_t max_wait_ns) {
  Result<Place> place = Lock(segment_, key, max_wait_ns);
  if (!place.ok()) return place.error();
  const std::int64_t today = UtcDay();
  const Account account = AccountOf(place->entry, today);
  if (amount > account.amount) return Decision{account, false, false};
  const std::uint64_t left = account.amount - amount;
  SHMETRICS_CRASH_POINT("ledger_before_refund");
  if (place->entry != nullptr)
    SetState(place->entry, {static_cast<std::int32_t>(today), place->entry->state.restored, left});
  return Decision{{left, account.key_class}, true, true};
}

Result<void> Ledger::SetClass(std::string_view key, std::uint32_t key_class, std::int64_t max_wait_ns) {
  Result<Place> place = Lock(segment_, key, max_wait_ns);
  if (!place.ok()) return place.error();
  if (place->entry == nullptr) {
    Result<LedgerEntry*> added = AddEntry(place->shard, segment_, arena_, place->hash, key,
                                          {static_cast<std::int32_t>(UtcDay()), 0, 0}, key_class);
    return added.ok() ? Result<void>() : added.error();
  }
  place->entry->key_class.store(key_class, std::memory_order_release);  // SYNC(entry)
  return {};
}

// Restoring into an account that is there already:
//   1 set the class, if it has none                     die here -> the next Restore() does it again
//   2 add the amount and mark it, in one step           die here -> restored
Result<void> Ledger::Restore(const LedgerRecord& saved, std::int64_t max_wait_ns) {
  Result<Place> place = Lock(segment_, saved.key, max_wait_ns);
  if (!place.ok()) return place.error();
  const auto saved_day = static_cast<std::int32_t>(saved.day);
  if (place->entry == nullptr) {
    Result<LedgerEntry*> added = AddEntry(place->shard, segment_, arena_, place->hash, saved.key,
                                          {saved_day, 1, saved.amount}, saved.key_class);
    return added.ok() ? Result<void>() : added.error();
  }
  LedgerEntry* entry = place->entry;
  LedgerState state = entry->state;
  if (state.restored != 0) return {};
  // no order needed: written under the mutex that is held
  if (entry->key_class.load(std::memory_order_relaxed) == 0) {
    entry->key_class.store(saved.key_class, std::memory_order_release);  // SYNC(entry)
  }
  SHMETRICS_CRASH_POINT("ledger_tier_restored");
  state.restored = 1;
  if (state.day == saved_day) {
    state.amount += std::min(saved.amount, UINT64_MAX - state.amount);
  }
  SetState(entry, state);
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

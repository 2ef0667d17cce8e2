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
#include "shm/series/key_hash.h"

namespace shmetrics::shm {
namespace {

using layout::LedgerEntry;
using layout::LedgerState;
using Table = EntryTable<LedgerEntry>;

std::uint64_t HashOfUser(std::string_view user) { return HashOfValues(0, {&user, 1}); }

/// One commit for day and minutes: after any death they belong together.
void SetState(LedgerEntry* entry, const LedgerState& wanted) {
  const LedgerState seen = entry->state;  // nobody else writes while the mutex is held
  auto expected = std::bit_cast<std::array<std::uint64_t, 2>>(seen);
  const auto desired = std::bit_cast<std::array<std::uint64_t, 2>>(wanted);
  CompareExchange16(&entry->state, expected.data(), desired.data());
}

/// The user's entry; null if there is none.
Result<LedgerEntry*> Find(Table& table, const Segment& segment, std::uint64_t hash, std::string_view user) {
  LedgerEntry* found = nullptr;
  const bool is_whole = table.ForEachInChain(hash, [&](LedgerEntry& entry) {
    if (KeyOf(entry) == user) found = &entry;
    return Visited::kStays;
  });
  if (is_whole) return found;
  segment.CountRefusal(layout::Refusal::kCorrupt);
  return Error{ErrorCode::kCorrupt,
               "segment " + segment.path() + " is corrupt: a chain of its ledger leads nowhere"};
}

/// What counts today: minutes of another day are over, also of one that a clock set back makes a later one.
Ledger::Account AccountOf(const LedgerEntry* entry, std::int64_t today) {
  if (entry == nullptr) return {};
  // no order needed: written under the mutex that is held
  const std::uint32_t tier = entry->tier.load(std::memory_order_relaxed);
  return {entry->state.day == today ? entry->state.nano_minutes : 0, tier};
}

bool HasLease(const LeaseShard& shard, std::uint64_t hash, OwnerProbe* probe) {
  const std::int64_t now = LeaseNowNs();
  bool found = false;
  shard.leases().ForEachInChain(hash, [&](layout::LeaseEntry& lease) {
    if (EndIfOver(&lease, now, probe)) return Visited::kIsFree;
    // no order needed: as above
    found = found || lease.head.hash.load(std::memory_order_relaxed) == hash;
    return Visited::kStays;
  });
  return found;
}

/// Frees the accounts of users whose day has passed and who have no stream or job.
void Sweep(const LeaseShard& shard, const Segment& segment, Table& table, std::int64_t today) {
  OwnerProbe probe(segment, OwnerProbe::Asks::kTheKernel);
  table.ForEach([&](LedgerEntry& entry) {
    if (!IsInUse(entry) || entry.state.day == today) return;
    // no order needed: as above
    if (HasLease(shard, entry.head.hash.load(std::memory_order_relaxed), &probe)) return;
    entry.generation.fetch_add(1, std::memory_order_acq_rel);  // SYNC(entry)
  });
  table.Rebuild([](const LedgerEntry& entry) { return IsInUse(entry); });
}

// A new account, in a free entry that has left the free list:
//   1 write key, state, tier     die here -> the generation is even: free
//   2 bump the generation        die here -> an account; the repair puts it into its chain
//   3 put it into its chain      die here -> the same
Result<LedgerEntry*> Open(const LeaseShard& shard, const Segment& segment, Arena& arena, std::uint64_t hash,
                          std::string_view user, const LedgerState& state, std::uint32_t tier) {
  Table table = shard.ledger();
  LedgerEntry* entry = table.TakeFree();
  if (entry == nullptr) {
    const Result<void> grown = shard.GrowLedger(arena);
    if (!grown.ok()) Sweep(shard, segment, table, UtcDay());
    entry = table.TakeFree();
    if (entry == nullptr) {
      const bool is_full = grown.ok() || grown.error().code == ErrorCode::kLedgerFull;
      segment.CountRefusal(is_full ? layout::Refusal::kLedgerFull : layout::Refusal::kOutOfMemory);
      return grown.ok() ? Error{ErrorCode::kLedgerFull, "the ledger has no free entry"} : grown.error();
    }
  }
  SetKey(entry, hash, user);
  SetState(entry, state);
  entry->tier.store(tier, std::memory_order_release);  // SYNC(entry)
  SHMETRICS_CRASH_POINT("ledger_written");
  entry->generation.fetch_add(1, std::memory_order_acq_rel);  // SYNC(entry)
  SHMETRICS_CRASH_POINT("ledger_opened");
  table.Insert(entry);
  return entry;
}

Result<void> CheckUser(std::string_view user) {
  if (user.size() <= layout::kMaxKeyBytes) return {};
  return Error{ErrorCode::kInvalidLabels,
               "user refused: longer than " + std::to_string(layout::kMaxKeyBytes) + " bytes"};
}

/// One user's place in the ledger, while his shard is held.
struct Place {
  LeaseShard shard;
  std::uint64_t hash;
  LedgerEntry* entry;  ///< null: he has no account
};

Result<Place> Take(const Segment& segment, std::string_view user) {
  if (Result<void> checked = CheckUser(user); !checked.ok()) return checked.error();
  const std::uint64_t hash = HashOfUser(user);
  Result<LeaseShard> shard = LeaseShard::Take(segment, hash);
  if (!shard.ok()) return shard.error();
  Table table = shard->ledger();
  Result<LedgerEntry*> entry = Find(table, segment, hash, user);
  if (!entry.ok()) return entry.error();
  return Place{std::move(shard.value()), hash, entry.value()};
}

}  // namespace

std::int64_t UtcDay() {
  constexpr std::int64_t kDayNs = 86'400'000'000'000;
  const std::int64_t now = NowNs(CLOCK_REALTIME);
  return now / kDayNs - (now % kDayNs < 0 ? 1 : 0);
}

Result<Ledger::Account> Ledger::Read(std::string_view user) {
  Result<Place> place = Take(segment_, user);
  if (!place.ok()) return place.error();
  return AccountOf(place->entry, UtcDay());
}

Result<Ledger::Decision> Ledger::Spend(std::string_view user, std::uint64_t nano_minutes, Intent intent,
                                       const LimitOf& limit_of) {
  Result<Place> place = Take(segment_, user);
  if (!place.ok()) return place.error();
  // Asked for under the mutex: of two processes at midnight the one that is second must not go back to the day before.
  const std::int64_t today = UtcDay();
  const Account account = AccountOf(place->entry, today);
  const std::optional<std::uint64_t> limit = limit_of(account.tier);
  if (limit && (account.nano_minutes > *limit || nano_minutes > *limit - account.nano_minutes)) {
    return Decision{account, false, false};
  }
  if (intent == Intent::kAsk) return Decision{account, true, false};
  if (place->entry == nullptr) {
    Result<LedgerEntry*> opened =
        Open(place->shard, segment_, arena_, place->hash, user, {static_cast<std::int32_t>(today), 0, 0}, 0);
    if (!opened.ok()) return Decision{account, true, false};
    place->entry = opened.value();
  }
  const std::uint64_t used = account.nano_minutes + std::min(nano_minutes, UINT64_MAX - account.nano_minutes);
  SHMETRICS_CRASH_POINT("ledger_before_spending");
  SetState(place->entry, {static_cast<std::int32_t>(today), place->entry->state.restored, used});
  return Decision{{used, account.tier}, true, true};
}

Result<void> Ledger::SetTier(std::string_view user, std::uint32_t tier) {
  Result<Place> place = Take(segment_, user);
  if (!place.ok()) return place.error();
  if (place->entry == nullptr) {
    Result<LedgerEntry*> opened = Open(place->shard, segment_, arena_, place->hash, user,
                                       {static_cast<std::int32_t>(UtcDay()), 0, 0}, tier);
    return opened.ok() ? Result<void>() : opened.error();
  }
  place->entry->tier.store(tier, std::memory_order_release);  // SYNC(entry)
  return {};
}

// Into an account that is there already:
//   1 set the tier, if it has none                      die here -> the next Restore() does it again
//   2 add the minutes and mark it, in one commit        die here -> restored
Result<void> Ledger::Restore(const LedgerRecord& saved) {
  Result<Place> place = Take(segment_, saved.key);
  if (!place.ok()) return place.error();
  const auto saved_day = static_cast<std::int32_t>(saved.day);
  if (place->entry == nullptr) {
    Result<LedgerEntry*> opened = Open(place->shard, segment_, arena_, place->hash, saved.key,
                                       {saved_day, 1, saved.nano_minutes}, saved.tier);
    return opened.ok() ? Result<void>() : opened.error();
  }
  LedgerEntry* entry = place->entry;
  LedgerState state = entry->state;
  if (state.restored != 0) return {};
  // no order needed: written under the mutex that is held
  if (entry->tier.load(std::memory_order_relaxed) == 0) {
    entry->tier.store(saved.tier, std::memory_order_release);  // SYNC(entry)
  }
  SHMETRICS_CRASH_POINT("ledger_tier_restored");
  state.restored = 1;
  if (state.day == saved_day) {
    state.nano_minutes += std::min(saved.nano_minutes, UINT64_MAX - state.nano_minutes);
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

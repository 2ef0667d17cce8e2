#include "shm/leases/account.h"

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>

#include "shm/base/crash_point.h"
#include "shm/leases/entry_table.h"
#include "shm/leases/latest_days.h"
#include "shm/leases/lease_clock.h"
#include "shm/leases/lease_index.h"
#include "shm/leases/ledger_clock.h"
#include "shm/leases/owner_probe.h"
#include "shm/segment/refusal.h"

namespace shmetrics::shm {
namespace {

using layout::LedgerEntry;
using layout::LedgerState;
using LedgerTable = EntryTable<LedgerEntry>;

/// Forgets keys without a class that have no lease, and have used nothing today or on the three latest days on
/// which anybody has.
void Sweep(const LeaseShard& shard, const Segment& segment, LedgerTable& table, std::int64_t today) {
  LatestDays latest;
  table.ForEach([&](const LedgerEntry& entry) {
    if (!IsInUse(entry)) return;
    for (const LedgerState& state : entry.days) {
      if (state.amount > 0) latest.Add(state.day);
    }
  });
  OwnerProbe probe(segment, OwnerProbe::Asks::kTheKernel);
  LeaseIndex leases = shard.index();
  const std::int64_t now = LeaseNowNs();
  std::uint64_t forgotten = 0;
  table.ForEach([&](LedgerEntry& entry) {
    // no order needed here and below: written under the mutex that is held
    if (!IsInUse(entry) || entry.key_class.load(std::memory_order_relaxed) != 0) return;
    const auto is_kept = [&](const LedgerState& state) {
      return state.amount > 0 && (state.day == today || latest.Contains(state.day));
    };
    if (std::ranges::any_of(entry.days, is_kept)) return;
    if (leases.HasLive(entry.head.hash.load(std::memory_order_relaxed), now, &probe)) return;
    entry.generation.fetch_add(1, std::memory_order_acq_rel);  // SYNC(entry)
    forgotten++;
  });
  if (forgotten == 0) return;
  // no order needed: a statistic
  segment.mutable_header().ledger_forgotten.fetch_add(forgotten, std::memory_order_relaxed);
  table.Rebuild([](const LedgerEntry& entry) { return IsInUse(entry); },
                [&](LedgerEntry* entry) { table.Insert(entry); });
}

}  // namespace

void SetState(LedgerState* state, const LedgerState& wanted) {
  const LedgerState seen = *state;  // no other writer while the mutex is held
  auto expected = std::bit_cast<std::array<std::uint64_t, 2>>(seen);
  const auto desired = std::bit_cast<std::array<std::uint64_t, 2>>(wanted);
  CompareExchange16(state, expected.data(), desired.data());
}

bool SaysSomething(const LedgerState& state) { return state.amount != 0 || state.restored != 0; }

LedgerState* FindDay(LedgerEntry* entry, std::int64_t day) {
  if (entry == nullptr) return nullptr;
  const auto found = std::ranges::find_if(
      entry->days, [day](const LedgerState& state) { return state.day == day && SaysSomething(state); });
  return found == std::end(entry->days) ? nullptr : found;
}

LedgerState* PlaceForDay(LedgerEntry* entry) {
  return std::ranges::min_element(entry->days, {}, [](const LedgerState& state) {
    return SaysSomething(state) ? std::int64_t{state.day} : INT64_MIN;
  });
}

void SetAmount(LedgerEntry* entry, std::int64_t day, std::uint64_t amount) {
  LedgerState* state = FindDay(entry, day);
  const std::uint32_t restored = state == nullptr ? 0 : state->restored;
  if (state == nullptr) state = PlaceForDay(entry);
  SetState(state, {static_cast<std::int32_t>(day), restored, amount});
}

Account ReadAccount(LedgerEntry* entry, std::int64_t day) {
  if (entry == nullptr) return {};
  const LedgerState* state = FindDay(entry, day);
  // no order needed: written under the mutex that is held
  const std::uint32_t key_class = entry->key_class.load(std::memory_order_relaxed);
  return {state == nullptr ? 0 : state->amount, key_class, 0};
}

// Makes an account in a free entry that has left the free list:
//   1 write key, days, class     die here -> the generation is even: free
//   2 bump the generation        die here -> an account; the repair puts it into its chain
//   3 put it into its chain      die here -> the same
Result<LedgerEntry*> AddAccount(const LeaseShard& shard, const Segment& segment, Arena& arena,
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
  for (LedgerState& day : entry->days) SetState(&day, {});
  SetState(&entry->days[0], state);
  entry->key_class.store(key_class, std::memory_order_release);  // SYNC(entry)
  SHMETRICS_CRASH_POINT("ledger_written");
  entry->generation.fetch_add(1, std::memory_order_acq_rel);  // SYNC(entry)
  SHMETRICS_CRASH_POINT("ledger_opened");
  table.Insert(entry);
  return entry;
}

}  // namespace shmetrics::shm

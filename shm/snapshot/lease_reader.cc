#include "shm/snapshot/lease_reader.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <string_view>

#include "shm/leases/account.h"
#include "shm/leases/entry_table.h"
#include "shm/leases/lease_clock.h"
#include "shm/series/label_block.h"

namespace shmetrics::shm {
namespace {

using layout::LeaseEntry;
using layout::LedgerEntry;

/// A buffer for a key, and the key's length.
struct Key {
  char text[layout::kMaxKeyBytes];
  std::size_t bytes = 0;
  std::string_view view() const { return {text, bytes}; }
};

/// Copies a key that may change during the copy, so the caller must check the generation afterwards. False if
/// its length is impossible.
template <class Entry>
bool CopyKey(const Entry& entry, Key* key) {
  key->bytes = entry.head.key_bytes.load(std::memory_order_acquire);  // SYNC(entry), see entry_table.h
  if (key->bytes > sizeof key->text) return false;
  for (std::size_t i = 0; i * 8 < key->bytes; i++) {
    const std::uint64_t word = entry.key[i].load(std::memory_order_acquire);  // SYNC(entry)
    std::memcpy(key->text + i * 8, &word, sizeof word);
  }
  return true;
}

/// Calls `visit` for every entry of one kind in all shards. Each chunk leads to an older one, which lies
/// before it. A shard ends early at a chunk that is outside the segment or not before the one that leads to
/// it, and when there were more chunks than the limit allows. Returns how many shards ended early.
template <class Entry, class Visit>
std::uint64_t ForEachEntry(const Segment& segment, layout::EntryTable layout::LeaseShard::*table,
                           std::uint32_t limit, Visit visit) {
  // As many chunks as the shards may add (LeaseShard::GrowLeases), and a few more that were added at the same
  // time.
  std::uint64_t chunks_left = 2 * limit / layout::kEntriesPerChunk + layout::kLeaseShards;
  std::uint64_t ended_early = 0;
  for (std::uint32_t shard = 0; shard < layout::kLeaseShards; shard++) {
    // pairs with the release in EntryTable::Grow
    layout::Ref ref = (segment.lease_shard(shard).*table).first_chunk.load(std::memory_order_acquire);
    for (layout::Ref newer = UINT32_MAX; ref != 0; chunks_left--) {
      const auto* chunk = segment.AtRef<layout::EntryChunk>(ref);
      const Entry* entries = EntryTable<Entry>::EntriesOf(segment, ref);
      if (chunk == nullptr || entries == nullptr || ref >= newer || chunks_left == 0) {
        ended_early++;
        break;
      }
      for (std::uint32_t i = 0; i < layout::kEntriesPerChunk; i++) visit(entries[i]);
      newer = ref;
      ref = layout::ReadOnce(chunk->next);
    }
  }
  return ended_early;
}

template <class Word>
std::atomic_ref<Word> Atomic(const Word& word) {
  return std::atomic_ref<Word>(const_cast<Word&>(word));  // only ever loaded
}

/// A lease that was live when it was read.
struct Candidate {
  const LeaseEntry* entry;
  std::uint64_t generation;
  layout::Ref family;
  std::uint32_t slot;
  std::uint64_t epoch;
  std::uint64_t amount;
  std::string key;
};

enum class Found : std::uint8_t { kLive, kNothing, kNonsense };

std::uint64_t GenerationOf(const LeaseEntry& entry) {
  return Atomic(entry.state.generation).load(std::memory_order_acquire);  // SYNC(entry)
}

/// Reads one entry as it was while its generation did not change.
Found ReadLease(const LeaseEntry& entry, std::int64_t now, const IsAlive& is_alive, Candidate* out) {
  out->entry = &entry;
  out->generation = GenerationOf(entry);
  if (out->generation % 2 == 0) return Found::kNothing;
  const std::int64_t deadline = Atomic(entry.state.deadline_ns).load(std::memory_order_acquire);
  out->family = entry.family.load(std::memory_order_acquire);      // SYNC(entry)
  out->slot = entry.owner_slot.load(std::memory_order_acquire);    // SYNC(entry)
  out->epoch = entry.owner_epoch.load(std::memory_order_acquire);  // SYNC(entry)
  out->amount = entry.amount.load(std::memory_order_acquire);      // SYNC(entry)
  Key key;
  const bool has_key = CopyKey(entry, &key);
  if (GenerationOf(entry) != out->generation) return Found::kNothing;  // it has just ended
  if (!has_key) return Found::kNonsense;
  if (deadline <= now || !is_alive(out->slot, out->epoch)) return Found::kNothing;
  out->key = key.view();
  return Found::kLive;
}

/// Day and amount change in one step, so an amount read between two equal days belongs to that day.
layout::LedgerState ReadDay(const layout::LedgerState& state) {
  constexpr int kMaxTries = 64;
  layout::LedgerState seen{};
  for (int i = 0; i < kMaxTries; i++) {
    seen.day = Atomic(state.day).load(std::memory_order_acquire);
    seen.restored = Atomic(state.restored).load(std::memory_order_acquire);
    seen.amount = Atomic(state.amount).load(std::memory_order_acquire);
    if (Atomic(state.day).load(std::memory_order_acquire) == seen.day) break;
  }
  return seen;
}

/// Appends a record for each day on which something was used. If there is none, one for the class alone.
void ReadLedgerEntry(const LedgerEntry& entry, std::vector<LedgerRecord>* out) {
  const std::uint64_t generation = entry.generation.load(std::memory_order_acquire);  // SYNC(entry)
  if (generation % 2 == 0) return;
  Key key;
  const bool has_key = CopyKey(entry, &key);
  const std::uint32_t key_class = entry.key_class.load(std::memory_order_acquire);
  std::array<layout::LedgerState, layout::kLedgerDays> days{};
  std::ranges::transform(entry.days, days.begin(), ReadDay);
  if (entry.generation.load(std::memory_order_acquire) != generation) return;  // reused
  if (!has_key || !IsValidUtf8(key.view())) return;
  const std::size_t name_bytes = std::min(key.view().find('\0'), key.bytes);  // LedgerKeyBytes
  const std::string name(key.view().substr(0, name_bytes));
  const std::string domain(key.view().substr(std::min(name_bytes + 1, key.bytes)));
  const std::size_t before = out->size();
  for (const layout::LedgerState& state : days) {
    if (state.amount > 0) out->push_back({name, state.day, state.amount, key_class, domain});
  }
  if (out->size() > before) return;
  const auto latest = std::ranges::max_element(days, {}, &layout::LedgerState::day);
  out->push_back({name, latest->day, 0, key_class, domain});
}

}  // namespace

/// Looks twice. A lease that is live at the first look, and is still the same lease at the second, was live
/// at the moment between them. So all leases returned were live at one moment, and no key ever shows more
/// leases than were admitted, however fast they come and go.
LeaseReading ReadLeases(const Segment& segment, const IsAlive& is_alive) {
  LeaseReading reading;
  reading.by_slot.assign(segment.header().slot_count, 0);
  const std::int64_t now = LeaseNowNs();
  std::vector<Candidate> candidates;
  Candidate candidate;
  const auto visit = [&](const LeaseEntry& entry) {
    reading.entries++;
    const Found found = ReadLease(entry, now, is_alive, &candidate);
    if (found == Found::kLive) candidates.push_back(std::move(candidate));
    if (found == Found::kNonsense) reading.skipped++;
  };
  reading.skipped +=
      ForEachEntry<LeaseEntry>(segment, &layout::LeaseShard::leases, segment.header().lease_limit, visit);
  for (Candidate& lease : candidates) {
    if (GenerationOf(*lease.entry) != lease.generation) continue;
    // Another worker may have taken the slot since its epoch was read, and the kernel may have called that
    // one alive.
    if (segment.worker_slot(lease.slot).epoch.load(std::memory_order_acquire) != lease.epoch)
      continue;  // SYNC(slot-epoch)
    reading.live++;
    reading.by_slot[lease.slot]++;
    if (lease.amount > 0) {
      std::uint64_t& reserved = reading.reserved[lease.family][lease.key];
      reserved = AddAmounts(reserved, lease.amount);
    }
    reading.by_family[lease.family][std::move(lease.key)]++;
  }
  return reading;
}

void ReadLedgerRecords(const Segment& segment, std::vector<LedgerRecord>* out) {
  out->clear();
  ForEachEntry<LedgerEntry>(segment, &layout::LeaseShard::ledger, segment.header().ledger_limit,
                            [&](const LedgerEntry& entry) { ReadLedgerEntry(entry, out); });
}

std::uint64_t CountLedgerEntries(const Segment& segment) {
  std::uint64_t entries = 0;
  ForEachEntry<LedgerEntry>(segment, &layout::LeaseShard::ledger, segment.header().ledger_limit,
                            [&](const LedgerEntry& entry) {
                              // no order needed: a statistic
                              if (entry.generation.load(std::memory_order_relaxed) % 2 == 1) entries++;
                            });
  return entries;
}

}  // namespace shmetrics::shm

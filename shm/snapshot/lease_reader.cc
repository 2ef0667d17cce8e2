#include "shm/snapshot/lease_reader.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <string_view>

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

/// As many chunks as the shards may add (LeaseShard::GrowLeases), and a few more that were added at the same
/// time.
std::uint64_t MostChunks(std::uint32_t limit) {
  return 2 * std::uint64_t{limit} / layout::kEntriesPerChunk + layout::kLeaseShards;
}

/// Calls `visit` for the chunks of one table, from the newest, until it returns false. Each chunk leads to an
/// older one, which lies before it. False if the walk ends early: at a chunk that is outside the segment or
/// not before the one that leads to it, and after `chunks_left` chunks.
template <class Entry, class Visit>
bool WalkChunks(const Segment& segment, const layout::EntryTable& table, std::uint64_t* chunks_left,
                Visit visit) {
  // pairs with the release in EntryTable::Grow
  layout::Ref ref = table.first_chunk.load(std::memory_order_acquire);
  for (layout::Ref newer = UINT32_MAX; ref != 0; --*chunks_left) {
    const auto* chunk = segment.AtRef<layout::EntryChunk>(ref);
    const Entry* entries = EntryTable<Entry>::EntriesOf(segment, ref);
    if (chunk == nullptr || entries == nullptr || ref >= newer || *chunks_left == 0) return false;
    if (!visit(ref, entries)) return true;
    newer = ref;
    ref = layout::ReadOnce(chunk->next);
  }
  return true;
}

template <class Visit>
void ForEachLedgerChunk(const Segment& segment, Visit visit) {
  std::uint64_t chunks_left = MostChunks(segment.header().ledger_limit);
  for (std::uint32_t shard = 0; shard < layout::kLeaseShards; shard++) {
    WalkChunks<LedgerEntry>(segment, segment.lease_shard(shard).ledger, &chunks_left,
                            [&](layout::Ref, const LedgerEntry* entries) {
                              visit(entries);
                              return true;
                            });
  }
}

template <class Word>
std::atomic_ref<Word> Atomic(const Word& word) {
  return std::atomic_ref<Word>(const_cast<Word&>(word));  // only ever loaded
}

std::uint64_t GenerationOf(const LeaseEntry& entry) {
  return Atomic(entry.state.generation).load(std::memory_order_acquire);  // SYNC(entry)
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

LeaseReader::LeaseReader(const Segment& segment)
    : segment_(segment), chunks_left_(MostChunks(segment.header().lease_limit)) {}

/// Looks twice. A lease that is live at the first look, and is still the same lease at the second, was live
/// at the moment between them. So all leases returned were live at one moment, and no key ever shows more
/// leases than were admitted, however fast they come and go.
LeaseReading LeaseReader::Read(const IsAlive& is_alive) {
  LeaseReading reading;
  reading.by_slot.assign(segment_.header().slot_count, 0);
  keys_.BeginLook();
  const std::int64_t now = LeaseNowNs();
  for (std::uint32_t number = 0; number < layout::kLeaseShards; number++) {
    FindChunks(number);
    Shard& shard = shards_[number];
    if (shard.is_broken) reading.skipped++;
    ForEachChunk(&shard, [&](Chunk* chunk) {
      for (std::uint32_t i = 0; i < layout::kEntriesPerChunk; i++) {
        if (!LookAt(chunk->entries[i], now, is_alive, &chunk->known[i])) reading.skipped++;
      }
    });
    reading.entries += shard.chunks.size() * layout::kEntriesPerChunk;
  }
  for (Shard& shard : shards_) {
    ForEachChunk(&shard, [&](const Chunk* chunk) {
      for (std::uint32_t i = 0; i < layout::kEntriesPerChunk; i++) {
        if (chunk->known[i].is_candidate) Confirm(chunk->entries[i], chunk->known[i], &reading);
      }
    });
  }
  return reading;
}

/// The chunks lie apart, in pages of their own. So each look at an entry would wait for memory, unless the
/// processor is told early where the next ones are.
template <class Visit>
void LeaseReader::ForEachChunk(Shard* shard, Visit visit) {
  constexpr std::size_t kAhead = 4;
  std::vector<Chunk>& chunks = shard->chunks;
  for (std::size_t i = 0; i < chunks.size(); i++) {
    if (i + kAhead < chunks.size()) {
      const LeaseEntry* const next = chunks[i + kAhead].entries;
      for (std::uint32_t at = 0; at < layout::kEntriesPerChunk; at++) __builtin_prefetch(&next[at]);
    }
    visit(&chunks[i]);
  }
}

void LeaseReader::FindChunks(std::uint32_t number) {
  Shard& shard = shards_[number];
  const auto known = static_cast<std::ptrdiff_t>(shard.chunks.size());
  const layout::Ref newest = shard.chunks.empty() ? 0 : shard.chunks.back().ref;
  const auto add = [&](layout::Ref ref, const LeaseEntry* entries) {
    if (ref < newest) shard.is_broken = true;
    if (ref <= newest) return false;
    shard.chunks.push_back({ref, entries, {}});
    return true;
  };
  if (!WalkChunks<LeaseEntry>(segment_, segment_.lease_shard(number).leases, &chunks_left_, add))
    shard.is_broken = true;
  std::reverse(shard.chunks.begin() + known, shard.chunks.end());
}

bool LeaseReader::LookAt(const LeaseEntry& entry, std::int64_t now, const IsAlive& is_alive, Known* known) {
  known->is_candidate = false;
  const std::uint64_t generation = GenerationOf(entry);
  const bool is_known = generation == known->generation;
  if (!is_known && known->key != LeaseKeys::kNone) {
    keys_.EndUse(known->key);
    *known = {};
  }
  if (generation % 2 == 0) return true;
  const std::int64_t deadline = Atomic(entry.state.deadline_ns).load(std::memory_order_acquire);
  const std::uint32_t slot = entry.owner_slot.load(std::memory_order_acquire);    // SYNC(entry)
  const std::uint64_t epoch = entry.owner_epoch.load(std::memory_order_acquire);  // SYNC(entry)
  if (!is_known) {
    const layout::Ref family = entry.family.load(std::memory_order_acquire);    // SYNC(entry)
    const std::uint64_t amount = entry.amount.load(std::memory_order_acquire);  // SYNC(entry)
    Key key;
    const bool has_key = CopyKey(entry, &key);
    if (GenerationOf(entry) != generation) return true;  // it has just ended
    if (!has_key) return false;
    *known = {generation, keys_.Use(family, key.view()), amount, false};
  }
  known->is_candidate = deadline > now && is_alive(slot, epoch);
  return true;
}

void LeaseReader::Confirm(const LeaseEntry& entry, const Known& known, LeaseReading* reading) {
  const std::uint32_t slot = entry.owner_slot.load(std::memory_order_acquire);    // SYNC(entry)
  const std::uint64_t epoch = entry.owner_epoch.load(std::memory_order_acquire);  // SYNC(entry)
  if (GenerationOf(entry) != known.generation) return;
  // Another worker may have taken the slot since its epoch was read, and the kernel may have called that
  // one alive.
  if (slot >= reading->by_slot.size() ||
      segment_.worker_slot(slot).epoch.load(std::memory_order_acquire) != epoch)  // SYNC(slot-epoch)
    return;
  reading->live++;
  reading->by_slot[slot]++;
  keys_.CountLease(known.key, known.amount);
}

void ReadLedgerRecords(const Segment& segment, std::vector<LedgerRecord>* out) {
  out->clear();
  ForEachLedgerChunk(segment, [&](const LedgerEntry* entries) {
    for (std::uint32_t i = 0; i < layout::kEntriesPerChunk; i++) ReadLedgerEntry(entries[i], out);
  });
}

std::uint64_t CountLedgerEntries(const Segment& segment) {
  std::uint64_t entries = 0;
  ForEachLedgerChunk(segment, [&](const LedgerEntry* chunk) {
    for (std::uint32_t i = 0; i < layout::kEntriesPerChunk; i++) {
      // no order needed: a statistic
      if (chunk[i].generation.load(std::memory_order_relaxed) % 2 == 1) entries++;
    }
  });
  return entries;
}

}  // namespace shmetrics::shm

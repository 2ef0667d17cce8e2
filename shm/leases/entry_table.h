#ifndef SHMETRICS_SHM_LEASES_ENTRY_TABLE_H_
#define SHMETRICS_SHM_LEASES_ENTRY_TABLE_H_

// Entry table: a shard's entries of one kind (layout::LeaseEntry, layout::LedgerEntry), hash chains of those
// in use, and a list of the free ones. Of leases, only the first one of each key is in a chain: lease_index.h
// has the rest.
//
// Only the holder of the shard's mutex may use it. If the holder dies, chains and free list stay as they are
// at that instruction. The next holder calls Rebuild(), which makes them anew from the entries. So the order
// of the stores to the index does not matter. The order of the stores to the entries does: leases.cc and
// ledger.cc have those ladders.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string_view>

#include "shm/base/crash_point.h"
#include "shm/result.h"
#include "shm/segment/arena.h"
#include "shm/segment/segment.h"

namespace shmetrics::shm {

/// Read and write a word that only the holder of the shard's mutex reads and writes.
template <class T>
T LoadLocked(const std::atomic<T>& word) {
  return word.load(std::memory_order_relaxed);  // no order needed: the mutex orders
}
template <class T>
void StoreLocked(std::atomic<T>* word, T value) {
  word->store(value, std::memory_order_relaxed);  // no order needed: as above
}

/// The key of an entry, not copied: only for the holder of the mutex.
template <class Entry>
std::string_view KeyOf(const Entry& entry) {
  // no order needed: written under the mutex that is held
  const std::uint32_t bytes = entry.head.key_bytes.load(std::memory_order_relaxed);
  return {reinterpret_cast<const char*>(entry.key), std::min<std::size_t>(bytes, layout::kMaxKeyBytes)};
}

/// Gives a free entry its key. SYNC(entry): these are release stores after the store that ended the entry's
/// former use. So a reader that sees one of them also sees that the generation has changed (lease_reader.cc).
template <class Entry>
void SetKey(Entry* entry, std::uint64_t hash, std::string_view key) {
  entry->head.hash.store(hash, std::memory_order_release);  // SYNC(entry)
  entry->head.key_bytes.store(static_cast<std::uint32_t>(key.size()), std::memory_order_release);
  std::uint64_t words[layout::kMaxKeyBytes / 8] = {};
  std::memcpy(words, key.data(), std::min(key.size(), sizeof words));
  for (std::size_t i = 0; i < std::size(words) && i * 8 < key.size(); i++) {
    entry->key[i].store(words[i], std::memory_order_release);  // SYNC(entry)
  }
}

template <class Entry>
class EntryTable {
 public:
  using Ref = layout::Ref;

  /// `heads` are the heads of the table's chains.
  EntryTable(const Segment& segment, layout::EntryTable* table, std::atomic<Ref>* heads)
      : segment_(segment), table_(*table), heads_(heads) {}

  /// Calls `visit` for each entry whose key has this hash, and perhaps for others. False if the chain leads
  /// nowhere: then the segment is corrupt.
  template <class Visit>
  bool ForEachInChain(std::uint64_t hash, Visit visit) {
    Ref ref = LoadLocked(HeadOf(hash));
    for (std::uint32_t steps = entry_count(); ref != 0; steps--) {
      Entry* entry = EntryAt(ref);
      if (entry == nullptr || steps == 0) return false;
      visit(*entry);
      ref = LoadLocked(entry->head.next);
    }
    return true;
  }

  /// Calls `visit` for every entry, also for the free ones.
  template <class Visit>
  void ForEach(Visit visit) const {
    // Bounds the walk, because a damaged list of chunks may be a circle.
    std::uint32_t chunks = entry_count() / layout::kEntriesPerChunk;
    for (Ref ref = LoadLocked(table_.first_chunk); ref != 0 && chunks > 0; chunks--) {
      const auto* chunk = segment_.AtRef<layout::EntryChunk>(ref);
      auto* entries = EntriesOf(segment_, ref);
      if (chunk == nullptr || entries == nullptr) return;
      for (std::uint32_t i = 0; i < layout::kEntriesPerChunk; i++) visit(entries[i]);
      ref = chunk->next;
    }
  }

  /// Calls `visit` for the entries of some chunks, and goes on there the next time.
  template <class Visit>
  void ForSome(std::uint32_t chunks, Visit visit) {
    Ref ref = LoadLocked(table_.swept);
    for (std::uint32_t i = 0; i < chunks; i++) {
      if (ref == 0) ref = LoadLocked(table_.first_chunk);
      const auto* chunk = segment_.AtRef<layout::EntryChunk>(ref);
      auto* entries = EntriesOf(segment_, ref);
      if (chunk == nullptr || entries == nullptr) break;  // the next time it begins anew
      for (std::uint32_t at = 0; at < layout::kEntriesPerChunk; at++) visit(entries[at]);
      ref = chunk->next;
      if (ref == 0) break;  // all in one call at most
    }
    StoreLocked(&table_.swept, EntriesOf(segment_, ref) == nullptr ? Ref{0} : ref);
  }

  /// Takes an entry out of the free list; null if there is none.
  Entry* TakeFree() {
    Entry* entry = EntryAt(LoadLocked(table_.free));
    if (entry == nullptr) return nullptr;
    StoreLocked(&table_.free, LoadLocked(entry->head.next));
    return entry;
  }

  void GiveBack(Entry* entry) {
    StoreLocked(&entry->head.next, LoadLocked(table_.free));
    StoreLocked(&table_.free, segment_.RefOf(entry));
  }

  /// Puts an entry into the chain of its key.
  void Insert(Entry* entry) {
    // no order needed: as in KeyOf
    std::atomic<Ref>& head = HeadOf(entry->head.hash.load(std::memory_order_relaxed));
    StoreLocked(&entry->head.next, LoadLocked(head));
    StoreLocked(&head, segment_.RefOf(entry));
  }

  /// Adds a chunk of free entries:
  //   1 allocate                    die here -> the chunk is leaked
  //   2 point first_chunk to it     die here -> Rebuild() puts its entries into the free list
  //   3 count and list its entries  die here -> the same
  Result<void> Grow(Arena& arena) {
    constexpr std::uint64_t kBytes = sizeof(layout::EntryChunk) + layout::kEntriesPerChunk * sizeof(Entry);
    Result<std::uint64_t> offset = arena.AllocateRecord(kBytes, alignof(Entry));
    if (!offset.ok()) return offset.error();
    auto* chunk = reinterpret_cast<layout::EntryChunk*>(segment_.base() + offset.value());
    chunk->next = LoadLocked(table_.first_chunk);
    SHMETRICS_CRASH_POINT("entry_chunk_allocated");
    const Ref ref = segment_.RefOf(chunk);
    table_.first_chunk.store(ref, std::memory_order_release);  // pairs with the acquire of readers
    SHMETRICS_CRASH_POINT("entry_chunk_linked");
    StoreLocked(&table_.entry_count, entry_count() + layout::kEntriesPerChunk);
    auto* entries = reinterpret_cast<Entry*>(chunk + 1);
    for (std::uint32_t i = 0; i < layout::kEntriesPerChunk; i++) GiveBack(&entries[i]);
    return {};
  }

  /// Makes chains, free list and count anew from the entries: calls `insert` for each that is in use. If this
  /// process dies half-way, the next holder of the mutex does it again.
  template <class IsInUse, class InsertInto>
  void Rebuild(IsInUse is_in_use, InsertInto insert) {
    for (std::uint32_t i = 0; i < segment_.header().lease_chain_count; i++) StoreLocked(&heads_[i], Ref{0});
    StoreLocked(&table_.free, Ref{0});
    SHMETRICS_CRASH_POINT("entry_table_emptied");
    StoreLocked(&table_.entry_count, CountEntries());
    ForEach([&](Entry& entry) {
      if (is_in_use(entry)) {
        insert(&entry);
      } else {
        GiveBack(&entry);
      }
    });
  }

  /// Never more than the segment has memory for, whatever the bytes say. It bounds the walks, during which
  /// the mutex is held.
  std::uint32_t entry_count() const {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(LoadLocked(table_.entry_count), MostEntries()));
  }

  /// The entries of a chunk, or null if they do not lie among the records of the segment. Before the records
  /// are mutexes, which nobody may write over.
  static Entry* EntriesOf(const Segment& segment, Ref chunk) {
    const std::uint64_t offset = chunk * std::uint64_t{layout::kRecordAlignment};
    if (offset < segment.header().records_offset) return nullptr;
    return segment.At<Entry>(offset + sizeof(layout::EntryChunk), layout::kEntriesPerChunk);
  }
  /// One entry, or null in the same way.
  Entry* EntryAt(Ref ref) const {
    const bool is_record = ref * std::uint64_t{layout::kRecordAlignment} >= segment_.header().records_offset;
    return is_record ? segment_.AtRef<Entry>(ref) : nullptr;
  }

  Ref RefOf(const Entry* entry) const { return segment_.RefOf(entry); }
  /// The head of the chain of the keys with this hash.
  std::atomic<Ref>& HeadOf(std::uint64_t hash) const {
    return heads_[(hash >> 32U) & (segment_.header().lease_chain_count - 1)];
  }

 private:
  std::uint64_t MostEntries() const { return segment_.CommittedBytes() / sizeof(Entry); }

  std::uint32_t CountEntries() const {
    const std::uint64_t most = MostEntries();
    std::uint64_t count = 0;
    for (Ref ref = LoadLocked(table_.first_chunk); ref != 0 && count < most;
         count += layout::kEntriesPerChunk) {
      const auto* chunk = segment_.AtRef<layout::EntryChunk>(ref);
      if (chunk == nullptr) break;
      ref = chunk->next;
    }
    return static_cast<std::uint32_t>(count);
  }

  const Segment& segment_;
  layout::EntryTable& table_;
  std::atomic<Ref>* heads_;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_ENTRY_TABLE_H_

#ifndef SHMETRICS_SHM_SERIES_HASH_CHAINS_H_
#define SHMETRICS_SHM_SERIES_HASH_CHAINS_H_

// Hash chains: the directory finds its records by them. They are insert-only and lock-free: one
// compare-and-swap on the head of its chain publishes a record, so a process that is stopped or killed on the
// way blocks nobody.
//
// Invariants: (1) a record that can be reached from a head is complete, and its `record` never changes;
//             (2) if two records match each other, only one of them is ever published;
//             (3) records are never taken out;
//             (4) no chain has more than layout::kMaxChainLength records. Readers walk no further.

#include <atomic>
#include <cstdint>
#include <optional>

#include "shm/base/crash_point.h"
#include "shm/segment/segment.h"

namespace shmetrics::shm {

static_assert(sizeof(layout::SeriesRecord) <= sizeof(layout::FamilyRecord));

class HashChains {
 public:
  /// `segment` must outlive the chains.
  explicit HashChains(const Segment& segment) : segment_(segment) {}

  /// The answer of a search.
  struct Search {
    std::uint64_t hash;
    layout::Ref found;         ///< the first record that matches; 0 if there is none
    layout::Ref head;          ///< where the search began: if nothing was found, nothing from here on matches
    std::uint32_t length = 0;  ///< records from there on, if nothing was found
    bool is_full() const { return length >= layout::kMaxChainLength; }
  };

  /// The answer of a publication.
  enum class Outcome : std::uint8_t { kPublished, kFull, kCorrupt };
  struct Publication {
    Outcome outcome;
    layout::Ref ref = 0;  ///< of what is published: the given record, or another that matches
  };

  /// Searches the chain for a record of this hash for which matches(ref, record) is true. Nothing if the
  /// chain is corrupt. `record` is followed by the other bytes of a SeriesRecord at least.
  template <class Matches>
  std::optional<Search> Find(std::uint64_t hash, Matches matches) const {
    const layout::Ref head = HeadOf(hash).load(std::memory_order_acquire);  // SYNC(chain-head)
    const std::optional<Walk> walk = FindBetween(head, 0, hash, matches);
    return walk ? std::optional(Search{hash, walk->found, head, walk->steps}) : std::nullopt;
  }

  /// Publishes a record after `search` has not found it. The record is complete but for its `next`. Searches
  /// only the records that were published since `search`.
  template <class Matches>
  Publication Publish(layout::Ref ref, layout::Record* record, const Search& search, Matches matches);

 private:
  struct Walk {
    layout::Ref found;  ///< 0 if none matches
    std::uint32_t steps;
  };

  std::atomic<layout::Ref>& HeadOf(std::uint64_t hash) const {
    auto* heads =
        reinterpret_cast<std::atomic<layout::Ref>*>(segment_.base() + segment_.header().chains_offset);
    return heads[hash & (segment_.header().chain_count - 1)];
  }

  /// Searches the records from `first` to the one before `last`. Nothing if the chain is corrupt.
  template <class Matches>
  std::optional<Walk> FindBetween(layout::Ref first, layout::Ref last, std::uint64_t hash,
                                  Matches matches) const {
    if (first != last) SHMETRICS_CRASH_POINT("chain_searched");
    std::uint32_t steps = 0;
    for (layout::Ref ref = first; ref != last && ref != 0;) {
      auto* smallest = segment_.AtRef<layout::SeriesRecord>(ref);
      if (smallest == nullptr || ++steps > layout::kMaxChainLength) [[unlikely]]
        return std::nullopt;
      layout::Record& record = smallest->record;
      if (record.hash == hash && matches(ref, record)) return Walk{ref, steps};
      ref = layout::ReadOnce(record.next);
    }
    return Walk{0, steps};
  }

  const Segment& segment_;
};

// Publication of a record that is written but not yet reachable:
//   1 search what is new since the last search   die here -> the record is leaked: one record, no more
//   2 point the record at the present head       die here -> the same
//   3 compare-and-swap the head to the record    die here -> it is published, complete
// SYNC(chain-head): release here, acquire in every load of a head (here, in Find, and in SeriesIndex), so
// that whoever sees the head sees the record, its texts and its zero cells.
// directory.pml is a model of this: change both.
template <class Matches>
HashChains::Publication HashChains::Publish(layout::Ref ref, layout::Record* record, const Search& search,
                                            Matches matches) {
  std::atomic<layout::Ref>& head = HeadOf(record->hash);
  Search all = search;
  layout::Ref seen = head.load(std::memory_order_acquire);  // SYNC(chain-head)
  for (;;) {
    const std::optional<Walk> walk = FindBetween(seen, all.head, record->hash, matches);
    if (!walk) return {Outcome::kCorrupt};
    if (walk->found != 0) return {Outcome::kPublished, walk->found};
    all.head = seen;
    all.length += walk->steps;
    if (all.is_full()) return {Outcome::kFull};
    record->next = seen;
    SHMETRICS_CRASH_POINT("directory_before_publish");
    // SYNC(chain-head)
    if (head.compare_exchange_weak(seen, ref, std::memory_order_acq_rel)) return {Outcome::kPublished, ref};
  }
}

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SERIES_HASH_CHAINS_H_

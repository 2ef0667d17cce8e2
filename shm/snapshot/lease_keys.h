#ifndef SHMETRICS_SHM_SNAPSHOT_LEASE_KEYS_H_
#define SHMETRICS_SHM_SNAPSHOT_LEASE_KEYS_H_

// Lease keys: the keys that leases name, remembered from look to look. A part of the snapshot. Their texts
// are checked, written and sorted once, when they are new, so that a look at leases that were there before
// costs as much as one at series.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <memory_resource>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "shm/layout/layout.h"
#include "shm/snapshot/series_index.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::shm {

class LeaseKeys {
 public:
  using Id = std::uint32_t;
  static constexpr Id kNone = UINT32_MAX;

  LeaseKeys();
  LeaseKeys(const LeaseKeys&) = delete;
  LeaseKeys& operator=(const LeaseKeys&) = delete;

  /// The key with this label block in this family, which from now on has one more user. Nothing is known of
  /// either but their length.
  Id Use(layout::Ref family, std::string_view block);
  /// Ends one use. A key without users is forgotten at the next look.
  void EndUse(Id id) {
    if (--keys_[id].uses == 0) unused_++;
  }

  /// Begins a look: no key has a lease, and keys that nobody uses are forgotten.
  void BeginLook();
  /// One more lease of the key, which reserves `amount` in the ledger.
  void CountLease(Id id, std::uint64_t amount = 0) {
    leases_[id]++;
    reserved_[id] += amount;
  }

  /// Appends a series for each key of the family that has leases, in the order of their label blocks. Leaves
  /// out blocks that the family cannot have. Returns how many leases the series stand for.
  std::uint64_t AppendTo(const IndexedFamily& family, std::vector<SeriesSnapshot>* out);

  /// The leases of a key in this look.
  std::uint64_t LeasesOf(layout::Ref family, std::string_view block) const;

  /// Keeps the texts of all series that were appended.
  std::shared_ptr<const void> texts() const { return texts_; }

 private:
  enum class State : std::uint8_t { kFree, kNew, kListed, kRefused };
  struct Key {
    std::string_view text;  ///< of a listed key the name and the block, else the block
    layout::Ref family = 0;
    std::uint32_t uses = 0;
    std::uint32_t name_bytes = 0;  ///< of a listed key
    State state = State::kFree;

    std::string_view block() const;
  };
  /// Nothing of it is checked yet, so others may choose both.
  struct Wanted {
    layout::Ref family;
    std::string_view block;
  };
  struct Hash {
    using is_transparent = void;  // NOLINT(readability-identifier-naming): the library asks for this name
    const std::vector<Key>* keys;
    std::size_t operator()(const Wanted& wanted) const;
    std::size_t operator()(Id id) const { return (*this)(Wanted{(*keys)[id].family, (*keys)[id].block()}); }
  };
  struct Equal {
    using is_transparent = void;  // NOLINT(readability-identifier-naming): the library asks for this name
    const std::vector<Key>* keys;
    bool operator()(Id a, Id b) const { return a == b; }
    bool operator()(const Wanted& wanted, Id id) const {
      return (*keys)[id].family == wanted.family && (*keys)[id].block() == wanted.block;
    }
    bool operator()(Id id, const Wanted& wanted) const { return (*this)(wanted, id); }
  };
  /// A key and its text, which a look needs side by side: a look into `keys_` for each would miss the cache.
  struct Listed {
    std::string_view text;
    Id id;
  };
  /// The keys of one family.
  struct Family {
    std::vector<Listed> listed;  ///< by their texts
    std::vector<Id> fresh;       ///< not looked at yet, and refused ones
  };

  std::string_view Keep(std::string_view head, std::string_view block);
  void List(const IndexedFamily& family, Family* keys);
  static std::vector<Listed> Merged(const std::vector<Listed>& listed, const std::vector<Listed>& fresh);
  void ForgetUnused();
  bool ForgetIfUnused(Id id);
  /// Copies all texts to new memory, when most of the old is of forgotten keys.
  void Compact();

  std::vector<Key> keys_;
  std::vector<std::uint32_t> leases_;    ///< of each key, in this look
  std::vector<std::uint64_t> reserved_;  ///< by these leases together
  std::vector<Id> free_;
  std::size_t unused_ = 0;  ///< how many keys have no user
  std::unordered_set<Id, Hash, Equal> by_block_;
  std::map<layout::Ref, Family> families_;  ///< ordered, because others may choose the refs
  std::shared_ptr<std::pmr::monotonic_buffer_resource> texts_;
  std::size_t text_bytes_ = 0;  ///< in texts_
  std::size_t dead_bytes_ = 0;  ///< of those, the bytes that no key has
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SNAPSHOT_LEASE_KEYS_H_

#ifndef SHMETRICS_SHM_LEASES_EXPIRY_HEAP_H_
#define SHMETRICS_SHM_LEASES_EXPIRY_HEAP_H_

// Expiry heap: the leases of one key by the time at which they may have expired, the first on top. It is a
// leftist heap, whose links lie in the entries: adding and taking out a lease cost a logarithm, each time.
//
// A renewal takes no mutex, so it does not change the heap. A lease stands in the heap by a time that is
// never later than its deadline. So nothing has expired if the time on top has not come.
//
// Only for the holder of the shard's mutex, whose death is followed by a rebuild (lease_index.h).

#include <cstdint>

#include "shm/layout/layout.h"
#include "shm/leases/entry_table.h"

namespace shmetrics::shm {

class ExpiryHeap {
 public:
  /// `table` must outlive the heap. `*root` is the Ref of the entry on top; 0: none.
  ExpiryHeap(const EntryTable<layout::LeaseEntry>& table, std::atomic<layout::Ref>* root)
      : table_(table), root_(*root) {}

  /// Both are false if the heap makes no sense: then the segment is corrupt.
  [[nodiscard]] bool Insert(layout::LeaseEntry* entry);
  [[nodiscard]] bool Remove(layout::LeaseEntry* entry);

 private:
  bool Merge(layout::Ref a, layout::Ref b, layout::Ref* merged) const;
  bool PutUnder(layout::Ref above, layout::Ref instead_of, layout::Ref ref) const;
  std::uint32_t RankOf(layout::Ref ref) const;
  bool Settle(layout::LeaseEntry* entry) const;

  const EntryTable<layout::LeaseEntry>& table_;
  std::atomic<layout::Ref>& root_;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_EXPIRY_HEAP_H_

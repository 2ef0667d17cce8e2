#include "shm/leases/expiry_heap.h"

#include <utility>

namespace shmetrics::shm {
namespace {

using layout::LeaseEntry;
using layout::Ref;

/// More than the rank of a heap of all leases that a segment can have. A longer path goes in a circle.
constexpr std::size_t kMaxPath = 40;

}  // namespace

std::uint32_t ExpiryHeap::RankOf(Ref ref) const {
  const LeaseEntry* entry = table_.EntryAt(ref);
  return entry == nullptr ? 0 : LoadLocked(entry->links.rank);
}

/// Puts the child of the higher rank to the left. True if the rank of the entry has changed.
bool ExpiryHeap::Settle(LeaseEntry* entry) const {
  const Ref left = LoadLocked(entry->links.left), right = LoadLocked(entry->links.right);
  std::uint32_t left_rank = RankOf(left), right_rank = RankOf(right);
  if (left_rank < right_rank) {
    StoreLocked(&entry->links.left, right);
    StoreLocked(&entry->links.right, left);
    std::swap(left_rank, right_rank);
  }
  const std::uint32_t before = LoadLocked(entry->links.rank);
  StoreLocked(&entry->links.rank, right_rank + 1);
  return before != right_rank + 1;
}

/// Makes one heap of two. Goes down along the right children, which are few, and up again.
bool ExpiryHeap::Merge(Ref a, Ref b, Ref* merged) const {
  LeaseEntry* path[kMaxPath];
  std::size_t length = 0;
  while (a != 0 && b != 0) {
    LeaseEntry* first = table_.EntryAt(a);
    LeaseEntry* second = table_.EntryAt(b);
    if (first == nullptr || second == nullptr || length == kMaxPath) return false;
    if (LoadLocked(second->links.expires_ns) < LoadLocked(first->links.expires_ns)) {
      std::swap(a, b);
      std::swap(first, second);
    }
    path[length++] = first;
    a = LoadLocked(first->links.right);
  }
  *merged = a != 0 ? a : b;
  while (length > 0) {
    LeaseEntry* entry = path[--length];
    LeaseEntry* child = table_.EntryAt(*merged);
    if (*merged != 0 && child == nullptr) return false;
    StoreLocked(&entry->links.right, *merged);
    if (child != nullptr) StoreLocked(&child->links.above, table_.RefOf(entry));
    Settle(entry);
    *merged = table_.RefOf(entry);
  }
  return true;
}

/// Lets `above` lead to `ref` instead of to `instead_of`; 0 above is the root.
bool ExpiryHeap::PutUnder(Ref above, Ref instead_of, Ref ref) const {
  if (LeaseEntry* entry = table_.EntryAt(ref)) StoreLocked(&entry->links.above, above);
  if (above == 0) {
    if (LoadLocked(root_) != instead_of) return false;
    StoreLocked(&root_, ref);
    return true;
  }
  LeaseEntry* parent = table_.EntryAt(above);
  if (parent == nullptr) return false;
  for (std::atomic<Ref>* child : {&parent->links.left, &parent->links.right}) {
    if (LoadLocked(*child) != instead_of) continue;
    StoreLocked(child, ref);
    return true;
  }
  return false;
}

bool ExpiryHeap::Insert(LeaseEntry* entry) {
  StoreLocked(&entry->links.left, Ref{0});
  StoreLocked(&entry->links.right, Ref{0});
  StoreLocked(&entry->links.rank, 1U);
  const Ref root = LoadLocked(root_);
  Ref merged = 0;
  return Merge(root, table_.RefOf(entry), &merged) && PutUnder(0, root, merged);
}

bool ExpiryHeap::Remove(LeaseEntry* entry) {
  const Ref above = LoadLocked(entry->links.above);
  Ref merged = 0;
  if (!Merge(LoadLocked(entry->links.left), LoadLocked(entry->links.right), &merged) ||
      !PutUnder(above, table_.RefOf(entry), merged))
    return false;
  StoreLocked(&entry->links.rank, 0U);
  std::uint32_t steps = table_.entry_count();
  for (LeaseEntry* parent = table_.EntryAt(above); parent != nullptr && Settle(parent);
       parent = table_.EntryAt(LoadLocked(parent->links.above))) {
    if (steps-- == 0) return false;
  }
  return true;
}

}  // namespace shmetrics::shm

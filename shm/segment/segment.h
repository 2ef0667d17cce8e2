#ifndef SHMETRICS_SHM_SEGMENT_SEGMENT_H_
#define SHMETRICS_SHM_SEGMENT_SEGMENT_H_

// Segment: one mapped file of shared memory. It is whole from the moment it has a name. It is never moved,
// and never unmapped while a worker uses it. The list of attach outcomes is Aeron's idea; the computed
// signature is LMDB's.

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "shm/base/lock_wait.h"
#include "shm/base/path_view.h"
#include "shm/layout/layout.h"
#include "shm/result.h"
#include "shm/segment/kept_file.h"
#include "shm/segment/lock_file.h"

namespace shmetrics::shm {

struct SegmentOptions;

class Segment {
 public:
  enum class Access : std::uint8_t { kReadOnly, kReadWrite };

  /// Attaches to the segment at `path`. Every failure has its own code: kAbsent, kSymlink, kNotRegular,
  /// kForeignOwner, kUnsafeMode, kHardLinked, kNotOpenable, kTruncated, kBadMagic, kOtherLayout, kOtherBoot,
  /// kCorrupt. `trusted_owner` is one more uid allowed to own the file. With kReadOnly this object cannot
  /// write to the segment. It keeps a read-only descriptor of the file as long as it lives (KeptFile).
  static Result<std::shared_ptr<Segment>> Attach(const std::string& path, Access access,
                                                 uid_t trusted_owner = static_cast<uid_t>(-1));

  /// Attaches read-write, first creating the segment if there is none. If several processes create it at
  /// once, one wins and the others attach to its segment. A creator killed at any instruction leaves no file
  /// or a complete one.
  static Result<std::shared_ptr<Segment>> AttachOrCreate(const std::string& path,
                                                         const SegmentOptions& options,
                                                         uid_t trusted_owner = static_cast<uid_t>(-1));

  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  const std::string& path() const;
  FileIdentity identity() const;
  /// A read-only descriptor to ask the kernel with which workers are alive. If the application has closed the
  /// kept one, the file is opened again. -1 if that fails; errno then tells why. Costs a system call.
  int probe_fd() const;

  /// The constants of the segment. This is a private copy, checked once, that no peer can change. Only its
  /// hash key is left out.
  const layout::Header& header() const { return header_; }
  /// The segment's secret. header() has zeros in its place.
  const HashKey& hash_key() const { return reinterpret_cast<const layout::Header*>(base_)->hash_key; }
  layout::MutableHeader& mutable_header() const {
    return *reinterpret_cast<layout::MutableHeader*>(base_ + layout::kPageBytes);
  }

  layout::LeaseShard& lease_shard(std::uint32_t shard) const {
    return reinterpret_cast<layout::LeaseShard*>(base_ + header_.shards_offset)[shard];
  }
  /// This process's own. Only under NamespaceLock.
  LockFile& lock_file() const { return lock_file_; }
  /// What this process has seen of those who hold the shard.
  HolderWatch* holder_watch(std::uint32_t shard) const { return &holder_watches_[shard]; }
  enum class LeaseChains : std::uint8_t { kLeases = 0, kLedger = 1, kHolders = 2 };
  /// Heads of the chains of one kind in one shard: lease_chain_count of them.
  std::atomic<layout::Ref>* lease_chains(std::uint32_t shard, LeaseChains kind) const {
    auto* chains = reinterpret_cast<std::atomic<layout::Ref>*>(&lease_shard(layout::kLeaseShards));
    const std::uint64_t table = std::uint64_t{layout::kChainKinds} * shard + static_cast<std::uint32_t>(kind);
    return chains + table * header_.lease_chain_count;
  }
  layout::WorkerSlot& worker_slot(std::uint32_t slot) const {
    return reinterpret_cast<layout::WorkerSlot*>(base_ + header_.slots_offset)[slot];
  }

  /// Bytes of one block of cells: one page in each stripe.
  std::uint64_t block_bytes() const { return header_.stripe_count * std::uint64_t{kStripeBytes}; }

  /// `count` objects of T at `offset`, or null if they are misaligned or not wholly inside the committed
  /// front of the segment. What is not committed is a hole: touching it allocates, or raises SIGBUS when
  /// tmpfs is full. (The whole file is mapped all the same: a mapping costs nothing, never has to follow
  /// growth, and every access is checked here anyway.)
  template <class T>
  T* At(std::uint64_t offset, std::uint64_t count = 1) const {
    return offset % alignof(T) == 0 && count <= UINT64_MAX / sizeof(T) &&
                   IsCommitted(offset, count * sizeof(T))
               ? reinterpret_cast<T*>(base_ + offset)
               : nullptr;
  }
  template <class T>
  T* AtRef(layout::Ref ref) const {
    return ref == 0 ? nullptr : At<T>(ref * std::uint64_t{layout::kRecordAlignment});
  }
  /// `bytes` bytes of cells at `offset` in stripe 0, or null if they are misaligned, cross a page, or do not
  /// lie in a committed block together with their column in every other stripe.
  char* Cells(std::uint64_t offset, std::uint64_t bytes) const {
    if (offset >= header_.segment_bytes) return nullptr;
    const std::uint64_t in_page = offset % kStripeBytes;
    const bool is_aligned = (offset & (bytes % 16 == 0 ? 15U : 7U)) == 0;
    const bool is_in_one_page = bytes <= kStripeBytes && in_page <= kStripeBytes - bytes;
    // Counted from the end, where blocks grow from. 32 bits, because a 64-bit division is slow and this is on
    // the look-up path.
    const auto pages = static_cast<std::uint32_t>((header_.segment_bytes - offset + in_page) / kStripeBytes);
    const bool is_in_stripe_0 = pages % header_.stripe_count == 0;
    // no order needed: as in CommittedBlocks
    const bool is_committed =
        pages <= mutable_header().committed_blocks.load(std::memory_order_relaxed) * header_.stripe_count;
    return is_aligned && is_in_one_page && is_in_stripe_0 && is_committed ? base_ + offset : nullptr;
  }
  /// The Ref of a record that lies in this segment.
  layout::Ref RefOf(const void* record) const {
    return static_cast<layout::Ref>(static_cast<std::uint64_t>(static_cast<const char*>(record) - base_) /
                                    layout::kRecordAlignment);
  }

  enum class Name : std::uint8_t {
    kKept,  ///< new processes attach to this file
    /// The file was removed or renamed, or another one has its name. The path leads to its successor.
    kLost,
    /// The file was removed, and what its path leads to here may not be what the host has.
    kOutOfReach,
    /// The path is out of reach, and no descriptor is left to ask. Or the path leads elsewhere, the file has
    /// a name, and it cannot be known which of the two the host has.
    kUnknown,
  };
  /// Whether this file still has the segment's name. If the path is out of reach (chroot, another mount
  /// namespace, rights given up), the file's own count of names decides. Costs one system call, a few more if
  /// the path does not lead to this file. Does not allocate.
  Name CheckName() const;

  /// True if what the path leads to now, another file or none, is what the host has. Then the segment's folder
  /// is the same one as when this process attached, or the process sees the same root folder and mounts, and
  /// so does the host: it is the creator that saw them, or this file is of no use to the others either. Else
  /// the path may lead to somebody else's file, in a jail or a container. Children have the answer of their
  /// parent, wherever they were forked. Costs a few system calls. Does not allocate.
  bool PathMeansTheSame() const;
  /// True if the path leads to this file in its folder. What lies beside it is then what the others have
  /// there. Costs a system call. Does not allocate.
  bool IsAtItsPath() const;
  /// False if this file has been removed, and also if no descriptor is left to ask. Costs a system call.
  bool HasAName() const;

  /// Tells all who have this segment that `successor` has taken its place. Some of them may not see that: a
  /// process in a jail, if the file was renamed, and everybody until the next look. For a process that leaves
  /// this segment and has attached to `successor` at the same path. Does nothing if the successor may be one
  /// of this process alone.
  void GiveWayTo(const Segment& successor) const;
  bool IsSuperseded() const {
    // pairs with the release in GiveWayTo()
    return mutable_header().superseded.load(std::memory_order_acquire) != 0;
  }
  /// What this process saw when it attached; nothing if /proc did not say.
  const std::optional<PathView>& view() const;

  /// True if the file is still as long as it was and still begins with the header that was checked. False if
  /// another process has cut it off or written over its header, which a read of the middle may not notice.
  /// Only for a segment attached read-only. May raise SIGBUS, as any read of the segment.
  bool IsWhole() const;

  char* base() const { return base_; }
  /// Memory the segment has taken, front and back.
  std::uint64_t CommittedBytes() const;

  /// Counts a refusal where the agent sees it. Safe to call at any time; no effect on a read-only segment.
  void CountRefusal(layout::Refusal reason) const;

 private:
  struct Mapping;
  bool SeesTheSame() const;
  Segment(std::unique_ptr<Mapping> mapping, const layout::Header& header);
  std::uint64_t CommittedBlocks() const;
  bool IsCommitted(std::uint64_t offset, std::uint64_t bytes) const {
    if (bytes > header_.segment_bytes || offset > header_.segment_bytes - bytes) return false;
    // no order needed: as in CommittedBlocks
    return offset + bytes <= mutable_header().committed_front.load(std::memory_order_relaxed);
  }

  layout::Header header_;
  char* base_;
  std::unique_ptr<Mapping> mapping_;
  mutable std::array<HolderWatch, layout::kLeaseShards> holder_watches_;
  mutable LockFile lock_file_;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SEGMENT_SEGMENT_H_

#include "shm/segment/segment.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>

#include "shm/base/crash_point.h"
#include "shm/base/fork_guard.h"
#include "shm/base/out_of_memory.h"
#include "shm/base/robust_mutex.h"
#include "shm/segment/mapped_file.h"
#include "shm/segment/memory_limit.h"
#include "shm/segment/refusal.h"
#include "shm/segment/segment_file.h"
#include "shm/segment/segment_header.h"
#include "shm/segment/segment_options.h"
#include "shm/segment/segment_path.h"

namespace shmetrics::shm {
namespace {

constexpr std::uint64_t kInitialRecordBytes = 256U << 10U;
constexpr int kMaxAttempts = 16;

Error CannotDelayFork(const std::string& path, const ForkGuard::NoFork& no_fork) {
  return Error{ErrorCode::kNotOpenable,
               "segment " + path + " was not opened: " + no_fork.why_not_held() + "; it is tried again"};
}

// Creation. The file has no name until rung 4, so there is no half-made segment to find:
//   1 make a file without a name             die here -> the kernel frees it
//   2 commit, write header, make mutexes       die here -> the kernel frees it
//   3 write `committed_front`                die here -> the kernel frees it
//   4 linkat                                 die here -> a complete segment
Result<bool> Create(const std::string& path, const SegmentOptions& options) {
  if (Result<void> checked = CheckOptions(options); !checked.ok()) return checked.error();
  const Result<layout::Header> made = MakeHeader(options);
  if (!made.ok()) return made.error();
  const layout::Header& header = made.value();
  const std::uint64_t committed = header.records_offset + kInitialRecordBytes;
  const std::uint64_t first_block = header.stripe_count * std::uint64_t{kStripeBytes};
  if (committed + first_block > header.segment_bytes) {
    return Error{ErrorCode::kBadOption, "a segment of " + std::to_string(header.segment_bytes) +
                                            " bytes has no room for " + std::to_string(options.series_limit) +
                                            " series and " + std::to_string(options.slot_count) +
                                            " worker slots; make it larger"};
  }
  if (Result<void> prepared = PrepareFolder(path); !prepared.ok()) return prepared.error();
  const ForkGuard::NoFork no_fork;  // until the descriptor is closed
  if (!no_fork.held()) return CannotDelayFork(path, no_fork);
  Result<UniqueFd> file = MakeUnnamedFile(path, header.segment_bytes);
  if (!file.ok()) return file.error();
  no_fork.CloseInChild(file->get());
  Result<MappedFile> mapped =
      MappedFile::Map(file.value(), path, MappedFile::Protection::kReadWrite, header.segment_bytes);
  if (!mapped.ok()) return mapped.error();
  char* base = mapped->base();
  SHMETRICS_CRASH_POINT("segment_mapped");
  if (Result<void> done = CommitPages(base, committed); !done.ok()) return done.error();
  std::memcpy(base, &header, sizeof header);
  auto* shards = reinterpret_cast<layout::LeaseShard*>(base + header.shards_offset);
  for (std::uint32_t i = 0; i < layout::kLeaseShards; i++) RobustMutex::Initialize(&shards[i].mutex);
  // no order needed: linkat() publishes
  reinterpret_cast<layout::MutableHeader*>(base + layout::kPageBytes)
      ->committed_front.store(committed, std::memory_order_relaxed);
  SHMETRICS_CRASH_POINT("segment_filled");
  return GiveName(file.value(), path);
}

/// True if the file is on the mount of its folder.
bool IsInFolder(const UniqueFd& file, const std::string& folder) {
  struct statx one, other;
  constexpr unsigned kAsked = STATX_MNT_ID;
  return statx(file.get(), "", AT_EMPTY_PATH, kAsked, &one) == 0 &&
         statx(AT_FDCWD, folder.c_str(), 0, kAsked, &other) == 0 &&
         (one.stx_mask & other.stx_mask & kAsked) != 0 && one.stx_mnt_id == other.stx_mnt_id;
}

}  // namespace

struct Segment::Mapping {
  Mapping(std::string the_path, const FileIdentity& the_identity)
      : path(std::move(the_path)),
        folder(FolderOf(path)),
        identity(the_identity),
        view(CurrentPathView()),
        probe(the_identity) {
    struct stat status;
    if (stat(folder.c_str(), &status) == 0) folder_identity = {status.st_dev, status.st_ino};
  }

  const std::string path;
  const std::string folder;
  const FileIdentity identity;
  // When this process attached:
  std::optional<FileIdentity> folder_identity;
  bool is_in_its_folder = false;  ///< not mounted there by itself, as containers can mount one file
  const std::optional<PathView> view;
  MappedFile file;
  KeptFile probe;
  Access access{};
};

Segment::Segment(std::unique_ptr<Mapping> mapping, const layout::Header& header)
    : header_(header), base_(mapping->file.base()), mapping_(std::move(mapping)) {
  header_.hash_key = {};
}

Segment::~Segment() = default;

const std::string& Segment::path() const { return mapping_->path; }
FileIdentity Segment::identity() const { return mapping_->identity; }

int Segment::probe_fd() const {
  if (const int kept = mapping_->probe.Get(); kept >= 0) return kept;
  const ForkGuard::NoFork no_fork;  // while the file is opened
  errno = EAGAIN;
  if (no_fork.held()) mapping_->probe.Keep(ReopenSegmentFile(path().c_str(), identity(), O_RDONLY));
  return mapping_->probe.Get();
}

Result<std::shared_ptr<Segment>> Segment::Attach(const std::string& path, Access access,
                                                 uid_t trusted_owner) try {
  if (Result<void> checked = CheckFolder(path); !checked.ok()) return checked.error();
  const ForkGuard::NoFork no_fork;  // until a writer's descriptor is closed
  if (!no_fork.held()) return CannotDelayFork(path, no_fork);
  Result<SegmentFile> file = OpenSegmentFile(path, access == Access::kReadWrite, trusted_owner);
  if (!file.ok()) return file.error();
  no_fork.CloseInChild(file->fd.get());
  const auto file_bytes = static_cast<std::uint64_t>(file->status.st_size);
  layout::Header header{};
  // Read, not mapped: a file that is too short must give an error, not a signal.
  const ssize_t got = pread(file->fd.get(), &header, sizeof header, 0);
  if (got >= static_cast<ssize_t>(sizeof header.magic) && header.magic != layout::kMagic) {
    return SegmentRefused(ErrorCode::kBadMagic, path, "it is not a shmetrics segment");
  }
  if (got < static_cast<ssize_t>(sizeof header)) {
    return SegmentRefused(ErrorCode::kTruncated, path,
                          "it has " + std::to_string(file_bytes) + " bytes, less than a header");
  }
  if (Result<void> checked = CheckHeader(path, header, file_bytes); !checked.ok()) return checked.error();
  const auto protection =
      access == Access::kReadOnly ? MappedFile::Protection::kReadOnly : MappedFile::Protection::kReadWrite;
  Result<MappedFile> mapped = MappedFile::Map(file->fd, path, protection, header.segment_bytes);
  if (!mapped.ok()) return mapped.error();
  const FileIdentity identity{file->status.st_dev, file->status.st_ino};
  auto mapping = std::make_unique<Mapping>(path, identity);
  mapping->file = std::move(mapped.value());
  mapping->access = access;
  mapping->is_in_its_folder = IsInFolder(file->fd, mapping->folder);
  // A descriptor for questions only must not be one that can write.
  mapping->probe.Keep(access == Access::kReadOnly ? std::move(file->fd)
                                                  : ReopenSegmentFile(path.c_str(), identity, O_RDONLY));
  return std::shared_ptr<Segment>(new Segment(std::move(mapping), header));
} catch (const std::exception&) {
  return OutOfMemory();
}

Result<std::shared_ptr<Segment>> Segment::AttachOrCreate(const std::string& path,
                                                         const SegmentOptions& options, uid_t trusted_owner) {
  Result<std::shared_ptr<Segment>> attached = Attach(path, Access::kReadWrite, trusted_owner);
  // Takes more than one turn only while another process makes and removes segments of this name.
  for (int attempt = 0;
       attempt < kMaxAttempts && !attached.ok() && attached.error().code == ErrorCode::kAbsent; attempt++) {
    if (Result<bool> created = Create(path, options); !created.ok()) return created.error();
    attached = Attach(path, Access::kReadWrite, trusted_owner);
  }
  return attached;
}

bool Segment::IsWhole() const {
  struct stat status;
  if (fstat(probe_fd(), &status) != 0) return false;
  layout::Header now;
  std::memcpy(&now, base_, sizeof now);
  now.hash_key = {};
  return static_cast<std::uint64_t>(status.st_size) >= header_.segment_bytes &&
         std::memcmp(&now, &header_, sizeof now) == 0;
}

Segment::Name Segment::CheckName() const {
  struct stat status;
  const bool is_there = lstat(path().c_str(), &status) == 0;
  const bool leads_elsewhere = is_there ? FileIdentity{status.st_dev, status.st_ino} != identity()
                                        : errno == ENOENT || errno == ENOTDIR;
  // A file that is mounted by itself stays at its path when it is removed.
  if (is_there && !leads_elsewhere && status.st_nlink > 0) return Name::kKept;
  if (leads_elsewhere && PathMeansTheSame()) return Name::kLost;
  const std::optional<nlink_t> names = mapping_->probe.NameCount();
  if (!names) return Name::kUnknown;
  if (*names == 0) return PathMeansTheSame() ? Name::kLost : Name::kOutOfReach;
  return leads_elsewhere && SeesTheSame() ? Name::kUnknown : Name::kKept;
}

bool Segment::SeesTheSame() const { return view() && CurrentPathView() == view(); }

bool Segment::PathMeansTheSame() const {
  struct stat status;
  if (mapping_->is_in_its_folder && stat(mapping_->folder.c_str(), &status) == 0 &&
      FileIdentity{status.st_dev, status.st_ino} == mapping_->folder_identity)
    return true;
  return SeesTheSame() &&
         (view() == header_.creator_view || IsSuperseded() || mapping_->probe.NameCount() == 0);
}

bool Segment::IsAtItsPath() const {
  struct stat status;
  return mapping_->is_in_its_folder && lstat(path().c_str(), &status) == 0 &&
         FileIdentity{status.st_dev, status.st_ino} == identity();
}

bool Segment::HasAName() const { return mapping_->probe.NameCount().value_or(0) > 0; }

// It must be certain that the successor has taken this segment's place for everybody. If a process in a
// container could say so because of a file of its own, the host could not decide any more: its path still
// leads to this file. So one of two things must be true:
//   - Both have had their name in the same folder, and neither was mounted there by itself. A folder has each
//     name once, whoever looks at it.
//   - This process has always seen what this segment's creator saw. Where the path leads there, that is the
//     host's segment.
// Two cases remain. A process in a jail goes on in a renamed file if every process that could have told it has
// ended: one that has this segment and sees the successor. And a file that is renamed away, replaced, and
// renamed back stays given up: then nothing is decided until somebody removes it.
void Segment::GiveWayTo(const Segment& successor) const {
  if (mapping_->access == Access::kReadOnly || successor.identity() == identity()) return;
  const bool is_in_its_folder = mapping_->is_in_its_folder && successor.mapping_->is_in_its_folder &&
                                successor.mapping_->folder_identity == mapping_->folder_identity;
  const bool is_seen_by_the_host = view() && view() == header_.creator_view && successor.view() == view();
  if (!is_in_its_folder && !is_seen_by_the_host) return;
  mutable_header().superseded.store(1, std::memory_order_release);  // pairs with IsSuperseded()
  SHMETRICS_CRASH_POINT("segment_given_up");
}

const std::optional<PathView>& Segment::view() const { return mapping_->view; }

void Segment::CountRefusal(layout::Refusal reason) const {
  if (mapping_->access == Access::kReadOnly) return;
  // no order needed: a statistic
  mutable_header().refusals[static_cast<std::uint32_t>(reason)].fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t Segment::CommittedBlocks() const {
  // no order needed: an offset is committed before it is published (release of the publication, arena.cc)
  return std::min(mutable_header().committed_blocks.load(std::memory_order_relaxed),
                  header_.segment_bytes / block_bytes());
}

std::uint64_t Segment::CommittedBytes() const {
  // no order needed: as in CommittedBlocks
  const std::uint64_t front =
      std::min(mutable_header().committed_front.load(std::memory_order_relaxed), header_.segment_bytes);
  return std::min(front + CommittedBlocks() * block_bytes(), header_.segment_bytes);
}

}  // namespace shmetrics::shm

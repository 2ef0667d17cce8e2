#include "shm/segment.h"

#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <boost/interprocess/detail/os_file_functions.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <exception>
#include <fstream>
#include <new>

#include "shm/crash_point.h"
#include "shm/memory_limit.h"
#include "shm/segment_file.h"
#include "shm/segment_path.h"

namespace shmetrics::shm {
namespace {

namespace bip = boost::interprocess;

constexpr std::uint64_t kInitialRecordBytes = 256U << 10U;
constexpr int kMaxAttempts = 16;

/// Lets Boost.Interprocess map a file that was opened and checked here. Its own classes open by name, with
/// O_CREAT and without O_NOFOLLOW.
class MappableFile {
 public:
  explicit MappableFile(const UniqueFd& fd) : fd_(fd.get()) {}
  bip::mapping_handle_t get_mapping_handle() const {
    return bip::ipcdetail::mapping_handle_from_file_handle(fd_);
  }

 private:
  int fd_;
};

std::uint64_t RoundUpToPage(std::uint64_t bytes) {
  return (bytes + layout::kPageBytes - 1) / layout::kPageBytes * layout::kPageBytes;
}

/// Where the tables are, from the counts alone: a header that says anything else is corrupt.
void PlaceTables(layout::Header* header) {
  header->slots_offset = 2 * layout::kPageBytes;
  header->chains_offset =
      RoundUpToPage(header->slots_offset + header->slot_count * sizeof(layout::WorkerSlot));
  header->records_offset = RoundUpToPage(header->chains_offset + header->chain_count * sizeof(layout::Ref));
}

std::uint64_t ChecksumOf(const layout::Header& header) {
  std::array<unsigned char, offsetof(layout::Header, checksum)> bytes;
  std::memcpy(bytes.data(), &header, bytes.size());
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const unsigned char byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

std::array<std::uint8_t, 16> BootId() {
  std::array<std::uint8_t, 16> id{};
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string text;
  file >> text;
  std::erase(text, '-');
  if (text.size() != 2 * id.size()) return {};  // not readable here: all zero, and nothing is compared
  for (std::size_t i = 0; i < id.size(); i++) {
    id[i] = static_cast<std::uint8_t>(std::strtoul(text.substr(2 * i, 2).c_str(), nullptr, 16));
  }
  return id;
}

/// Highest online CPU + 1; CPUs that come online later use the atomic stripes.
std::uint32_t OnlineCpuBound() {
  std::ifstream file("/sys/devices/system/cpu/online");  // for example 0-3,6
  std::string text;
  file >> text;
  const std::size_t last = text.find_last_of("-,");
  const unsigned long highest =
      std::strtoul(text.c_str() + (last == std::string::npos ? 0 : last + 1), nullptr, 10);
  return text.empty() ? static_cast<std::uint32_t>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)))
                      : static_cast<std::uint32_t>(highest + 1);
}

Error OutOfRange(const std::string& what, std::uint64_t value, std::uint64_t low, std::uint64_t high) {
  return Error{ErrorCode::kBadOption, what + " is " + std::to_string(value) + "; it must be between " +
                                          std::to_string(low) + " and " + std::to_string(high)};
}

Result<void> CheckOptions(const SegmentOptions& options) {
  constexpr std::uint64_t kLowest = 1ULL << 20U, kHighest = 64ULL << 30U;
  if (options.bytes < kLowest || options.bytes > kHighest) {
    return OutOfRange("segment size", options.bytes, kLowest, kHighest);
  }
  if (options.series_limit < 16 || options.series_limit > 1U << 24U) {
    return OutOfRange("series limit", options.series_limit, 16, 1U << 24U);
  }
  if (options.family_series_limit < 1 || options.family_series_limit > options.series_limit) {
    return OutOfRange("series limit of a family", options.family_series_limit, 1, options.series_limit);
  }
  if (options.slot_count < 1 || options.slot_count > 65'536) {
    return OutOfRange("number of worker slots", options.slot_count, 1, 65'536);
  }
  if (options.max_cpu_stripes > 4'096)
    return OutOfRange("number of CPU stripes", options.max_cpu_stripes, 0, 4'096);
  return {};
}

layout::Header MakeHeader(const SegmentOptions& options) {
  layout::Header header{};
  header.magic = layout::kMagic;
  header.signature = layout::kSignature;
  header.major = kLayoutMajor;
  header.header_bytes = sizeof(layout::Header);
  header.segment_bytes = options.bytes / layout::kPageBytes * layout::kPageBytes;
  header.stripe_count = kAtomicStripes + std::min(OnlineCpuBound(), options.max_cpu_stripes);
  header.slot_count = options.slot_count;
  header.chain_count = std::bit_floor(options.series_limit);
  header.series_limit = options.series_limit;
  header.family_series_limit = options.family_series_limit;
  PlaceTables(&header);
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  header.created_unix_ns = now.tv_sec * 1'000'000'000LL + now.tv_nsec;
  std::memcpy(header.boot_id, BootId().data(), sizeof header.boot_id);
  if (getrandom(header.segment_id, sizeof header.segment_id, 0) < 0) {
    std::memcpy(header.segment_id, &header.created_unix_ns, sizeof header.created_unix_ns);
  }
  header.checksum = ChecksumOf(header);
  return header;
}

Error Refuse(ErrorCode code, const std::string& path, const std::string& why) {
  return Error{code, "segment " + path + " refused: " + why};
}

Result<void> CheckHeader(const std::string& path, const layout::Header& header, std::uint64_t file_bytes) {
  if (header.magic != layout::kMagic)
    return Refuse(ErrorCode::kBadMagic, path, "it is not a shmetrics segment");
  if (header.major != kLayoutMajor || header.signature != layout::kSignature) {
    return Refuse(ErrorCode::kOtherLayout, path,
                  "segment has layout " + std::to_string(header.major) + ", this library has " +
                      std::to_string(kLayoutMajor) +
                      (header.major == kLayoutMajor ? " built with other sizes" : "") +
                      "; use one release of shmetrics for all, or another segment path");
  }
  if (header.checksum != ChecksumOf(header))
    return Refuse(ErrorCode::kCorrupt, path, "its header does not match its checksum");
  layout::Header expected = header;
  if (header.slot_count <= 65'536 && header.chain_count <= 1U << 24U) PlaceTables(&expected);
  const bool consistent =
      header.header_bytes == sizeof header && header.segment_bytes % layout::kPageBytes == 0 &&
      header.slot_count >= 1 && header.slot_count <= 65'536 && std::has_single_bit(header.chain_count) &&
      header.chain_count <= 1U << 24U && header.series_limit <= 1U << 24U &&
      header.stripe_count >= kAtomicStripes && header.stripe_count <= kAtomicStripes + 4'096 &&
      header.slots_offset == expected.slots_offset && header.chains_offset == expected.chains_offset &&
      header.records_offset == expected.records_offset && header.records_offset <= header.segment_bytes;
  if (!consistent) return Refuse(ErrorCode::kCorrupt, path, "its header contradicts itself");
  if (file_bytes < header.segment_bytes) {
    return Refuse(
        ErrorCode::kTruncated, path,
        "it has " + std::to_string(file_bytes) + " bytes of " + std::to_string(header.segment_bytes));
  }
  if (file_bytes > header.segment_bytes) {
    return Refuse(ErrorCode::kCorrupt, path,
                  "it has " + std::to_string(file_bytes) + " bytes, its header says " +
                      std::to_string(header.segment_bytes));
  }
  const std::array<std::uint8_t, 16> boot_id = BootId(), none{};
  const bool comparable = boot_id != none && std::memcmp(header.boot_id, none.data(), none.size()) != 0;
  if (comparable && std::memcmp(header.boot_id, boot_id.data(), boot_id.size()) != 0) {
    return Refuse(ErrorCode::kOtherBoot, path,
                  "it is left over from before the last reboot; remove it, and keep it on tmpfs");
  }
  return {};
}

/// Boost throws; nothing above this function does.
Result<bip::mapped_region> Map(const UniqueFd& file, const std::string& path, Segment::Access access,
                               std::uint64_t bytes) {
  try {
    bip::mapped_region region(MappableFile(file),
                              access == Segment::Access::kReadOnly ? bip::read_only : bip::read_write, 0,
                              bytes);
    madvise(region.get_address(), bytes, MADV_DONTDUMP);  // an application's core dump has no use for it
    return region;
  } catch (const std::exception& failure) {
    return Refuse(ErrorCode::kNotOpenable, path, std::string("it cannot be mapped: ") + failure.what());
  }
}

// Creation. The file has no name until rung 4, so there is no half-made segment to find:
//   1 make a file without a name             die here -> the kernel frees it
//   2 commit and write header and tables     die here -> the kernel frees it
//   3 write `committed_front`                die here -> the kernel frees it
//   4 linkat                                 die here -> a complete segment
Result<bool> Create(const std::string& path, const SegmentOptions& options) {
  if (Result<void> checked = CheckOptions(options); !checked.ok()) return checked.error();
  const layout::Header header = MakeHeader(options);
  const std::uint64_t committed = header.records_offset + kInitialRecordBytes;
  const std::uint64_t first_block = header.stripe_count * std::uint64_t{kStripeBytes};
  if (committed + first_block > header.segment_bytes) {
    return Error{ErrorCode::kBadOption, "a segment of " + std::to_string(header.segment_bytes) +
                                            " bytes has no room for " + std::to_string(options.series_limit) +
                                            " series and " + std::to_string(options.slot_count) +
                                            " worker slots; make it larger"};
  }
  if (Result<void> prepared = PrepareFolder(path); !prepared.ok()) return prepared.error();
  Result<UniqueFd> file = MakeUnnamedFile(path, header.segment_bytes);
  if (!file.ok()) return file.error();
  Result<bip::mapped_region> region =
      Map(file.value(), path, Segment::Access::kReadWrite, header.segment_bytes);
  if (!region.ok()) return region.error();
  char* base = static_cast<char*>(region->get_address());
  SHMETRICS_CRASH_POINT("segment_mapped");
  if (Result<void> done = CommitPages(base, committed); !done.ok()) return done.error();
  std::memcpy(base, &header, sizeof header);
  // no order needed: linkat() publishes
  reinterpret_cast<layout::Live*>(base + layout::kPageBytes)
      ->committed_front.store(committed, std::memory_order_relaxed);
  SHMETRICS_CRASH_POINT("segment_filled");
  return GiveName(file.value(), path);
}

}  // namespace

struct Segment::Mapping {
  std::string path;
  FileIdentity identity;
  bip::mapped_region region;
  UniqueFd probe_fd;
  Access access;
};

Segment::Segment(std::unique_ptr<Mapping> mapping, const layout::Header& header)
    : header_(header),
      base_(static_cast<char*>(mapping->region.get_address())),
      mapping_(std::move(mapping)) {}

Segment::~Segment() = default;

const std::string& Segment::path() const { return mapping_->path; }
FileIdentity Segment::identity() const { return mapping_->identity; }
int Segment::probe_fd() const { return mapping_->probe_fd.get(); }

Result<std::shared_ptr<Segment>> Segment::Attach(const std::string& path, Access access,
                                                 uid_t trusted_owner) try {
  if (Result<void> checked = CheckFolder(path); !checked.ok()) return checked.error();
  Result<SegmentFile> file = OpenSegmentFile(path, access == Access::kReadWrite, trusted_owner);
  if (!file.ok()) return file.error();
  const auto file_bytes = static_cast<std::uint64_t>(file->status.st_size);
  layout::Header header{};
  // Read, not mapped: a file shorter than it says must be an answer, not a signal.
  const ssize_t got = pread(file->fd.get(), &header, sizeof header, 0);
  if (got >= static_cast<ssize_t>(sizeof header.magic) && header.magic != layout::kMagic) {
    return Refuse(ErrorCode::kBadMagic, path, "it is not a shmetrics segment");
  }
  if (got < static_cast<ssize_t>(sizeof header)) {
    return Refuse(ErrorCode::kTruncated, path,
                  "it has " + std::to_string(file_bytes) + " bytes, less than a header");
  }
  if (Result<void> checked = CheckHeader(path, header, file_bytes); !checked.ok()) return checked.error();
  Result<bip::mapped_region> region = Map(file->fd, path, access, header.segment_bytes);
  if (!region.ok()) return region.error();
  auto mapping = std::make_unique<Mapping>();
  mapping->path = path;
  mapping->identity = FileIdentity{file->status.st_dev, file->status.st_ino};
  mapping->region.swap(region.value());
  mapping->access = access;
  if (access == Access::kReadOnly) mapping->probe_fd = std::move(file->fd);
  return std::shared_ptr<Segment>(new Segment(std::move(mapping), header));
} catch (const std::bad_alloc&) {
  return Error{ErrorCode::kOutOfMemory, "no memory to attach to a segment"};
}

Result<std::shared_ptr<Segment>> Segment::AttachOrCreate(const std::string& path,
                                                         const SegmentOptions& options, uid_t trusted_owner) {
  Result<std::shared_ptr<Segment>> attached = Attach(path, Access::kReadWrite, trusted_owner);
  // More than one turn only while somebody else makes and removes segments of this name.
  for (int attempt = 0;
       attempt < kMaxAttempts && !attached.ok() && attached.error().code == ErrorCode::kAbsent; attempt++) {
    if (Result<bool> created = Create(path, options); !created.ok()) return created.error();
    attached = Attach(path, Access::kReadWrite, trusted_owner);
  }
  return attached;
}

bool Segment::HasName() const {
  struct stat status;
  return lstat(path().c_str(), &status) == 0 && FileIdentity{status.st_dev, status.st_ino} == identity();
}

void Segment::CountRefusal(layout::Refusal reason) const {
  if (mapping_->access == Access::kReadOnly) return;
  // no order needed: a statistic
  live().refusals[static_cast<std::uint32_t>(reason)].fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t Segment::CommittedBlocks() const {
  // no order needed: whoever published an offset had committed before (release of the publication, arena.cc)
  return std::min(live().committed_blocks.load(std::memory_order_relaxed),
                  header_.segment_bytes / block_bytes());
}

std::uint64_t Segment::CommittedBytes() const {
  // no order needed: as in CommittedBlocks
  return std::min(live().committed_front.load(std::memory_order_relaxed) + CommittedBlocks() * block_bytes(),
                  header_.segment_bytes);
}

char* Segment::Cells(std::uint64_t offset, std::uint64_t bytes) const {
  if (offset >= header_.segment_bytes || offset % (bytes % 16 == 0 ? 16 : 8) != 0) return nullptr;
  const std::uint64_t block = (header_.segment_bytes - offset - 1) / block_bytes();
  const std::uint64_t begin = header_.segment_bytes - (block + 1) * block_bytes();
  const bool inside =
      block < CommittedBlocks() && bytes <= kStripeBytes && offset - begin <= kStripeBytes - bytes;
  return inside ? base_ + offset : nullptr;
}

bool Segment::IsCommitted(std::uint64_t offset, std::uint64_t count, std::uint64_t size) const {
  if (count > header_.segment_bytes / size || offset > header_.segment_bytes - count * size) return false;
  const std::uint64_t end = offset + count * size;
  // no order needed: as in CommittedBlocks
  return end <= live().committed_front.load(std::memory_order_relaxed);
}

}  // namespace shmetrics::shm

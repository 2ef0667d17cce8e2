#include "shm/segment/segment_header.h"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "shm/base/clock.h"
#include "shm/base/path_view.h"
#include "shm/base/pid_namespace.h"
#include "shm/base/proc_file.h"
#include "shm/layout/layout_signature.h"
#include "shm/segment/refusal.h"
#include "shm/segment/segment_options.h"

namespace shmetrics::shm {
namespace {

/// The highest limit of leases, and of users in the ledger.
constexpr std::uint32_t kMostLeases = 1U << 20U;

std::uint64_t RoundUpToPage(std::uint64_t bytes) {
  return (bytes + layout::kPageBytes - 1) / layout::kPageBytes * layout::kPageBytes;
}

/// Computes the places of the tables from the counts alone. A header with other places is corrupt.
void PlaceTables(layout::Header* header) {
  header->slots_offset = 2 * layout::kPageBytes;
  header->chains_offset =
      RoundUpToPage(header->slots_offset + header->slot_count * sizeof(layout::WorkerSlot));
  header->shards_offset = RoundUpToPage(header->chains_offset + header->chain_count * sizeof(layout::Ref));
  const std::uint64_t lease_chains =
      std::uint64_t{layout::kChainKinds} * layout::kLeaseShards * header->lease_chain_count;
  header->records_offset =
      RoundUpToPage(header->shards_offset + layout::kLeaseShards * sizeof(layout::LeaseShard) +
                    lease_chains * sizeof(layout::Ref));
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
  char buffer[64];
  std::string text(ReadProcFile("/proc/sys/kernel/random/boot_id", buffer).value_or(""));
  std::erase(text, '-');
  std::erase(text, '\n');
  if (text.size() != 2 * id.size()) return {};  // not readable: all zero
  for (std::size_t i = 0; i < id.size(); i++) {
    id[i] = static_cast<std::uint8_t>(std::strtoul(text.substr(2 * i, 2).c_str(), nullptr, 16));
  }
  return id;
}

/// Highest online CPU + 1; CPUs that come online later use the atomic stripes.
std::uint32_t OnlineCpuBound() {
  char buffer[4096];
  // For example 0-3,6
  const std::string text(ReadProcFile("/sys/devices/system/cpu/online", buffer).value_or(""));
  const std::size_t last = text.find_last_of("-,");
  const unsigned long highest =
      std::strtoul(text.c_str() + (last == std::string::npos ? 0 : last + 1), nullptr, 10);
  return text.empty() ? static_cast<std::uint32_t>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)))
                      : static_cast<std::uint32_t>(highest + 1);
}

Error BootIsUnknown() {
  return Error{
      ErrorCode::kUnknown,
      "it is not known since when the host runs, because /proc/sys/kernel/random/boot_id cannot be "
      "read, so a segment could be left over from before a reboot; mount /proc, or attach before the "
      "chroot"};
}

Error OutOfRange(const std::string& what, std::uint64_t value, std::uint64_t low, std::uint64_t high) {
  return Error{ErrorCode::kBadOption, what + " is " + std::to_string(value) + "; it must be between " +
                                          std::to_string(low) + " and " + std::to_string(high)};
}

/// The boot, and the PID namespace if the segment is for one namespace only.
Result<void> CheckHostIsKnown(const SegmentOptions& options) {
  if (BootId() == std::array<std::uint8_t, 16>{}) return BootIsUnknown();
  if (!options.shared_pid_namespaces && PidNamespace() == 0) return PidNamespaceIsUnknown();
  return {};
}

}  // namespace

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
  constexpr std::uint32_t kFewest = layout::kLeaseShards * layout::kEntriesPerChunk;
  if (options.lease_limit < kFewest || options.lease_limit > kMostLeases) {
    return OutOfRange("lease limit", options.lease_limit, kFewest, kMostLeases);
  }
  if (options.ledger_limit < kFewest || options.ledger_limit > kMostLeases) {
    return OutOfRange("limit of the ledger", options.ledger_limit, kFewest, kMostLeases);
  }
  if (options.max_cpu_stripes > kMaxCpuStripes)
    return OutOfRange("number of CPU stripes", options.max_cpu_stripes, 0, kMaxCpuStripes);
  return {};
}

Result<layout::Header> MakeHeader(const SegmentOptions& options) {
  if (Result<void> known = CheckHostIsKnown(options); !known.ok()) return known.error();
  layout::Header header{};
  header.magic = layout::kMagic;
  header.signature = layout::kSignature;
  header.major = kLayoutMajor;
  header.header_bytes = sizeof(layout::Header);
  header.segment_bytes = options.bytes / layout::kPageBytes * layout::kPageBytes;
  header.stripe_count = kAtomicStripes + std::min(OnlineCpuBound(), options.max_cpu_stripes);
  header.slot_count = options.slot_count;
  header.chain_count = std::bit_floor(std::max(options.series_limit, layout::kFewestChains));
  header.series_limit = options.series_limit;
  header.family_series_limit = options.family_series_limit;
  header.lease_limit = options.lease_limit;
  header.ledger_limit = options.ledger_limit;
  // Chains have two entries if the larger table is full and its keys are spread evenly.
  header.lease_chain_count =
      std::bit_ceil(std::max(options.lease_limit, options.ledger_limit) / layout::kLeaseShards / 2);
  header.shared_pid_namespaces = options.shared_pid_namespaces ? 1 : 0;
  header.pid_namespace = PidNamespace();
  PlaceTables(&header);
  header.created_unix_ns = NowNs(CLOCK_REALTIME);
  std::memcpy(header.boot_id, BootId().data(), sizeof header.boot_id);
  if (getrandom(header.segment_id, sizeof header.segment_id, 0) < 0) {
    std::memcpy(header.segment_id, &header.created_unix_ns, sizeof header.created_unix_ns);
  }
  header.creator_view = CurrentPathView().value_or(PathView{});
  if (getrandom(&header.hash_key, sizeof header.hash_key, 0) != sizeof header.hash_key) {
    return Error{ErrorCode::kNotCreatable,
                 std::string("segment not made: the kernel gives no random bytes for its hash key: ") +
                     std::strerror(errno)};
  }
  header.checksum = ChecksumOf(header);
  return header;
}

Result<void> CheckHeader(const std::string& path, const layout::Header& header, std::uint64_t file_bytes) {
  if (header.magic != layout::kMagic)
    return SegmentRefused(ErrorCode::kBadMagic, path, "it is not a shmetrics segment");
  if (header.major != kLayoutMajor || header.signature != layout::kSignature) {
    return SegmentRefused(ErrorCode::kOtherLayout, path,
                          "segment has layout " + std::to_string(header.major) + ", this library has " +
                              std::to_string(kLayoutMajor) +
                              (header.major == kLayoutMajor ? " built with other sizes" : "") +
                              "; use one release of shmetrics for all, or another segment path");
  }
  if (header.checksum != ChecksumOf(header))
    return SegmentRefused(ErrorCode::kCorrupt, path, "its header does not match its checksum");
  layout::Header expected = header;
  if (header.slot_count <= 65'536 && header.chain_count <= 1U << 24U && header.lease_chain_count <= 1U << 20U)
    PlaceTables(&expected);
  const bool consistent =
      header.header_bytes == sizeof header && header.segment_bytes % layout::kPageBytes == 0 &&
      header.slot_count >= 1 && header.slot_count <= 65'536 && std::has_single_bit(header.chain_count) &&
      header.chain_count <= 1U << 24U && header.series_limit <= 1U << 24U &&
      header.stripe_count >= kAtomicStripes && header.stripe_count <= kAtomicStripes + kMaxCpuStripes &&
      header.slots_offset == expected.slots_offset && header.chains_offset == expected.chains_offset &&
      std::has_single_bit(header.lease_chain_count) && header.lease_chain_count <= 1U << 20U &&
      header.lease_limit <= kMostLeases && header.ledger_limit <= kMostLeases &&
      header.shards_offset == expected.shards_offset && header.records_offset == expected.records_offset &&
      header.records_offset <= header.segment_bytes;
  if (!consistent) return SegmentRefused(ErrorCode::kCorrupt, path, "its header contradicts itself");
  if (file_bytes < header.segment_bytes) {
    return SegmentRefused(
        ErrorCode::kTruncated, path,
        "it has " + std::to_string(file_bytes) + " bytes of " + std::to_string(header.segment_bytes));
  }
  if (file_bytes > header.segment_bytes) {
    return SegmentRefused(ErrorCode::kCorrupt, path,
                          "it has " + std::to_string(file_bytes) + " bytes, its header says " +
                              std::to_string(header.segment_bytes));
  }
  const std::array<std::uint8_t, 16> boot_id = BootId();
  if (boot_id == std::array<std::uint8_t, 16>{}) return BootIsUnknown();
  if (std::memcmp(header.boot_id, boot_id.data(), boot_id.size()) != 0) {
    return SegmentRefused(ErrorCode::kOtherBoot, path,
                          "it is left over from before the last reboot; remove it, and keep it on tmpfs");
  }
  return {};
}

}  // namespace shmetrics::shm

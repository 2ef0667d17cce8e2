#include "shm/leases/lease_clock.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "shm/base/clock.h"
#include "shm/base/fork_guard.h"
#include "shm/base/no_cancel.h"
#include "shm/base/proc_file.h"
#include "shm/layout/lease_layout.h"

namespace shmetrics::shm {
namespace {

/// The name of the host's time namespace. Its inode number is part of the kernel's interface.
constexpr std::string_view kHostTimeNamespace = "time:[4026531834]";

/// The nanoseconds in a line "NAME SECONDS NANOSECONDS" about CLOCK_MONOTONIC, which some kernels name by its
/// number.
std::optional<std::int64_t> ParseOffset(std::string_view line) {
  const std::size_t name_ends = line.find_first_of(" \t");
  const std::string_view name = line.substr(0, name_ends);
  if (name_ends == std::string_view::npos || (name != "monotonic" && name != "1")) return std::nullopt;
  std::int64_t numbers[2] = {};
  const char* at = line.data() + name_ends;
  const char* const end = line.data() + line.size();
  for (std::int64_t& number : numbers) {
    while (at != end && (*at == ' ' || *at == '\t')) at++;
    const auto [next, failed] = std::from_chars(at, end, number);
    if (failed != std::errc()) return std::nullopt;
    at = next;
  }
  return numbers[0] * 1'000'000'000 + numbers[1];
}

constexpr const char* kNamespaceFile = "/proc/self/ns/time";
constexpr const char* kOffsetsFile = "/proc/self/timens_offsets";

struct Reading {
  std::optional<std::int64_t> offset_ns;
  const char* unread = nullptr;  ///< the file that could not be read
};

/// How far CLOCK_MONOTONIC of this process is ahead of the host's. /proc/self/timens_offsets gives the
/// offsets of the namespace in which the next children will be. A process that has only just unshared is not
/// in it itself, so this asks first in which namespace the process is.
Reading ReadOffset() {
  char name[64];
  const ssize_t length = readlink(kNamespaceFile, name, sizeof name);
  if (length > 0 && std::string_view(name, static_cast<std::size_t>(length)) == kHostTimeNamespace)
    return {0};
  if (length <= 0) {
    // A kernel without time namespaces has no such file. Without /proc nothing is known.
    const int error = errno;
    if (error == ENOENT && access("/proc/self/ns/pid", F_OK) == 0) return {0};
    errno = error;
    return {std::nullopt, kNamespaceFile};
  }
  char buffer[256];
  std::optional<std::string_view> text = ReadProcFile(kOffsetsFile, buffer);
  if (!text) return {std::nullopt, kOffsetsFile};
  while (!text->empty()) {
    const std::size_t line_ends = std::min(text->find('\n'), text->size());
    if (const auto offset_ns = ParseOffset(text->substr(0, line_ends))) return {offset_ns};
    text->remove_prefix(std::min(line_ends + 1, text->size()));
  }
  errno = EINVAL;
  return {std::nullopt, kOffsetsFile};
}

// Writer of both: any thread that finds them out of date. A child reads the offset anew, because it may be in
// another namespace than its parent.
constinit std::atomic<std::int64_t> offset_ns{0};
constinit std::atomic<std::uint64_t> offset_generation{0};  ///< of the process that read it; 0: none did

/// Null once the offset is known; else the file that could not be read, and errno tells why.
const char* FindOutOffset() {
  const std::uint64_t generation = ForkGuard::Generation();
  if (offset_generation.load(std::memory_order_acquire) == generation)
    return nullptr;          // pairs with the store below
  const NoCancel no_cancel;  // a renewal may be the first to ask
  const Reading reading = ReadOffset();
  if (!reading.offset_ns) return reading.unread;
  // no order needed: the generation behind it publishes
  offset_ns.store(*reading.offset_ns, std::memory_order_relaxed);
  offset_generation.store(generation, std::memory_order_release);  // pairs with the load above
  return nullptr;
}

}  // namespace

bool LeaseClockIsKnown() { return FindOutOffset() == nullptr; }

Result<void> FindOutLeaseClock() {
  const char* const unread = FindOutOffset();
  if (unread == nullptr) return {};
  return Error{ErrorCode::kUnknown, std::string("the time namespace of this process is not known, because ") +
                                        unread + " cannot be read: " + std::strerror(errno) +
                                        "; mount /proc, or attach before the chroot"};
}

namespace {

/// Whoever decides has made sure before that it is known.
std::int64_t OffsetNs() {
  FindOutOffset();
  return offset_ns.load(std::memory_order_relaxed);  // no order needed: ordered by the generation
}

}  // namespace

std::int64_t LeaseNowNs() { return NowNs(CLOCK_MONOTONIC) - OffsetNs(); }
std::int64_t LeaseNowCoarseNs() { return NowNs(CLOCK_MONOTONIC_COARSE) - OffsetNs(); }

std::int64_t LeaseDeadlineAfter(std::int64_t now, std::int64_t ttl_ns) {
  if (ttl_ns == 0) return layout::kNoDeadline;
  return ttl_ns < layout::kNoDeadline - now ? now + ttl_ns : layout::kNoDeadline - 1;
}

}  // namespace shmetrics::shm

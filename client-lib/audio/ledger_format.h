#ifndef SHMETRICS_CLIENT_LIB_AUDIO_LEDGER_FORMAT_H_
#define SHMETRICS_CLIENT_LIB_AUDIO_LEDGER_FORMAT_H_

// The saved ledger as text. The agent writes it, and the worker that makes the next segment reads it, so both
// do it here. It is JSON, with the users sorted by name, and the days of each user by date:
//   {"format": "shmetrics-ledger-2", "saved": "2026-11-22T16:00:00.000Z",
//    "segment": "/run/shmetrics/default.v1", "segment_id": "0f3a...", "users": [
//     {"user": "42", "day": "2026-11-21", "nano_minutes": 500000000, "tier": "premium"},
//     {"user": "42", "day": "2026-11-22", "nano_minutes": 1500000000, "tier": "premium"}, ...]}
// `tier` is null if none was set. A user of another domain than audio also has "domain", behind "user", and
// stands behind those of audio with the same name. Format 1 had one day for each user, and did not say of which
// segment it is; it is still read.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shm/leases/ledger_record.h"
#include "shm/result.h"

namespace shmetrics::audio {

/// A longer file is neither written nor read: one that no worker reads must not replace a good one.
inline constexpr std::size_t kMaxLedgerFileBytes = std::size_t{64} << 20U;

/// 9999-12-31: a year of five digits would be no date of ISO 8601.
inline constexpr std::int64_t kLastDay = 2'932'896;
/// From days since 1970-01-01, at most kLastDay, to 2026-11-22.
std::string FormatDay(std::int64_t day);

/// The JSON array of the users. Leaves out records that say nothing and those that no worker wrote.
std::string FormatLedgerUsers(std::vector<shm::LedgerRecord> ledger);

/// The segment that a ledger is from. Both are empty if the file does not say it.
struct LedgerOrigin {
  std::string segment;     ///< its path, as the agent knows it; empty also if the path is not UTF-8
  std::string segment_id;  ///< in hexadecimal; a segment that is made later has another

  bool operator==(const LedgerOrigin&) const = default;
};

/// The origin as it is written for a segment.
LedgerOrigin OriginOf(std::string_view segment_path, const std::array<std::uint8_t, 16>& segment_id);

/// The whole file around that array. `saved` is the time, in ISO 8601.
std::string FormatLedgerFile(std::string_view users, std::string_view saved, const LedgerOrigin& origin);

/// The users in the text of a file. Everything that is not exactly of the form above is refused whole: another
/// format, a member too many or too few, a user's day twice or out of order. The message of that kCorrupt names
/// the place in the text, or the format of a newer version. `origin`, if given, gets what the file says of its
/// segment. Throws nothing but std::bad_alloc.
Result<std::vector<shm::LedgerRecord>> ParseLedgerFile(std::string_view text, LedgerOrigin* origin = nullptr);

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_AUDIO_LEDGER_FORMAT_H_

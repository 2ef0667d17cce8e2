#ifndef SHMETRICS_CLIENT_LIB_AUDIO_MINUTES_H_
#define SHMETRICS_CLIENT_LIB_AUDIO_MINUTES_H_

// Minutes as applications give and get them, and the amounts of the ledger that stand for them.

#include <cstdint>
#include <optional>
#include <string>

#include "shm/leases/ledger.h"
#include "shm/result.h"
#include "shmetrics/audio_minutes.h"

namespace shmetrics::audio {

/// True for more than 0 and at most 1,000,000 minutes; false for NaN.
bool AreMinutes(double minutes);
/// The refusal of all others.
Error NotMinutes();

/// Rounded to the nearest, so that minutes that equal the limit in decimals equal it here too.
std::uint64_t ToAmount(double minutes);

/// `limit`: none: unlimited.
DailyMinutes ToDay(const shm::Account& account, std::optional<std::uint64_t> limit);

/// The day in words, for the message of a denial.
std::string InWords(const DailyMinutes& day);

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_AUDIO_MINUTES_H_

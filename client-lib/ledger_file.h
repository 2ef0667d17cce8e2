#ifndef SHMETRICS_CLIENT_LIB_LEDGER_FILE_H_
#define SHMETRICS_CLIENT_LIB_LEDGER_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shm/result.h"
#include "shm/snapshot.h"

namespace shmetrics::audio {

// What the agent, which writes the file, and its reader must have alike.
inline constexpr std::string_view kLedgerFormat = "shmetrics-ledger-1";
/// A file that nobody would read must not replace one that is good.
inline constexpr std::size_t kMaxLedgerFileBytes = std::size_t{64} << 20U;
/// Below 2^53, so that every reader of JSON has it exactly; nine million minutes, and a day has 1,440.
inline constexpr std::uint64_t kMaxLedgerNanoMinutes = 9'000'000'000'000'000;

/// Reads what an agent has saved of a ledger (agent/ledger_file.h tells the form). An absent file is an empty ledger.
/// Everything else that is not exactly such a file is refused whole, with an error that names the place: a file that the
/// world may write or a stranger has made (shm::IsTrustedOwner()), a link, one of more than 64 MiB, another format, a key too many or too few, a user twice or out of
/// order. Throws nothing but std::bad_alloc.
Result<std::vector<shm::LedgerRecord>> ReadLedgerFile(const std::string& path);

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_LEDGER_FILE_H_

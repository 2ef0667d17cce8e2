#ifndef SHMETRICS_CLIENT_LIB_AUDIO_LEDGER_LOADER_H_
#define SHMETRICS_CLIENT_LIB_AUDIO_LEDGER_LOADER_H_

#include <string>
#include <vector>

#include "shm/leases/ledger_record.h"
#include "shm/result.h"

namespace shmetrics::audio {

/// Reads the ledger that an agent has saved (ledger_format.h). An absent file is an empty ledger. Every other
/// file that is not exactly a ledger is refused whole, with an error that names the place. So is a link, a
/// file of more than kMaxLedgerFileBytes, one that the world may write, and one of an owner who is not
/// trusted (shm::IsTrustedOwner()). Throws nothing but std::bad_alloc.
Result<std::vector<shm::LedgerRecord>> ReadLedgerFile(const std::string& path);

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_AUDIO_LEDGER_LOADER_H_

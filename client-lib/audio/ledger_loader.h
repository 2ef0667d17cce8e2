#ifndef SHMETRICS_CLIENT_LIB_AUDIO_LEDGER_LOADER_H_
#define SHMETRICS_CLIENT_LIB_AUDIO_LEDGER_LOADER_H_

#include <string>
#include <vector>

#include "shm/leases/ledger_record.h"
#include "shm/result.h"

namespace shmetrics::audio {

/// Reads what an agent has saved of a ledger (agent/audio/ledger_saver.h tells the form). An absent file is an empty ledger.
/// Everything else that is not exactly such a file is refused whole, with an error that names the place: a file that the
/// world may write or a stranger has made (shm::IsTrustedOwner()), a link, one of more than 64 MiB, another format, a key too many or too few, a user twice or out of
/// order. Throws nothing but std::bad_alloc.
Result<std::vector<shm::LedgerRecord>> ReadLedgerFile(const std::string& path);

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_AUDIO_LEDGER_LOADER_H_

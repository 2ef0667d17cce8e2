#ifndef SHMETRICS_AGENT_AUDIO_LEDGER_JSON_H_
#define SHMETRICS_AGENT_AUDIO_LEDGER_JSON_H_

#include <string>
#include <string_view>
#include <vector>

#include "shm/leases/ledger_record.h"

namespace shmetrics::agent {

/// The users of a ledger as the ledger file has them, a JSON array sorted by user. Records that say nothing, or what no
/// worker wrote, are left out.
std::string LedgerUsersJson(std::vector<shm::LedgerRecord> ledger);

/// The whole file around that array. `saved` is the time, in ISO 8601.
std::string LedgerFileJson(std::string_view users, std::string_view saved);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_AUDIO_LEDGER_JSON_H_

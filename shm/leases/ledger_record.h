#ifndef SHMETRICS_SHM_LEASES_LEDGER_RECORD_H_
#define SHMETRICS_SHM_LEASES_LEDGER_RECORD_H_

#include <cstdint>
#include <string>

namespace shmetrics::shm {

/// What the ledger says of one user.
struct LedgerRecord {
  std::string key;             ///< the user as labels name him; valid UTF-8, not escaped
  std::int64_t day;            ///< UTC, days since 1970-01-01, that `nano_minutes` were used on
  std::uint64_t nano_minutes;  ///< billionths of a minute
  std::uint32_t tier;          ///< as set for this user; 0: none was set
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_LEDGER_RECORD_H_

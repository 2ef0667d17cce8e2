#ifndef SHMETRICS_SHM_LEASES_LEDGER_RECORD_H_
#define SHMETRICS_SHM_LEASES_LEDGER_RECORD_H_

#include <cstdint>
#include <string>

namespace shmetrics::shm {

/// What the ledger says of one key on one day.
struct LedgerRecord {
  std::string key;          ///< as a label value: valid UTF-8, not escaped
  std::int64_t day;         ///< the UTC day of `amount`, as days since 1970-01-01
  std::uint64_t amount;     ///< used on that day; 0 if only the class is known
  std::uint32_t key_class;  ///< the same on all days of the key; 0: none was set
  std::string domain = {};  ///< valid UTF-8
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_LEDGER_RECORD_H_

#ifndef SHMETRICS_TESTS_CRASH_LEASE_OPERATIONS_H_
#define SHMETRICS_TESTS_CRASH_LEASE_OPERATIONS_H_

#include <string>
#include <string_view>
#include <vector>

#include "tests/crash/operation.h"

namespace shmetrics::testing {

/// Operations on leases: those of a family, and announced models.
std::vector<Operation> LeaseOperations();

/// A user with a name that begins like this, in the first shard of the segment. All operations on leases and on
/// the ledger meet in that shard. All processes find the same user.
std::string UserOf(const shm::Segment& segment, std::string_view name);
std::string UserOf(Lessee& lessee, std::string_view name);

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_CRASH_LEASE_OPERATIONS_H_

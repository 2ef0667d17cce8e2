// Detached cells: one block in private memory with the shape of a block in the segment, where the updates of
// handles without a place go. So an increment has no branch for "degraded"; nobody reads what is counted
// here.

#include <array>
#include <cstddef>

#include "shmetrics/counter.h"

namespace shmetrics::internal {
namespace {

alignas(shm::kStripeBytes) constinit std::array<std::byte, shm::kAtomicStripes * shm::kStripeBytes> cells{};

}  // namespace

std::uint64_t* detached_cells() noexcept { return reinterpret_cast<std::uint64_t*>(cells.data()); }

}  // namespace shmetrics::internal

// Detached cells: a block in private memory with the shape of a block in the segment. Handles without a place
// in a segment add to it, so an increment needs no branch for "degraded". Nobody reads these counts.

#include <array>
#include <cstddef>

#include "shmetrics/counter.h"

namespace shmetrics::internal {
namespace {

alignas(shm::kStripeBytes) constinit std::array<std::byte, shm::kAtomicStripes * shm::kStripeBytes> cells{};

}  // namespace

std::uint64_t* detached_cells() noexcept { return reinterpret_cast<std::uint64_t*>(cells.data()); }

}  // namespace shmetrics::internal

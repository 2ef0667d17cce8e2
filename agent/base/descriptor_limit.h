#ifndef SHMETRICS_AGENT_BASE_DESCRIPTOR_LIMIT_H_
#define SHMETRICS_AGENT_BASE_DESCRIPTOR_LIMIT_H_

#include <cstdint>

namespace shmetrics::agent {

/// Raises the number of file descriptors that this process may have to what the system lets it raise, and
/// returns that. The limit that a process starts with is low for the sake of programs that use select().
std::uint64_t RaiseDescriptorLimit();

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_BASE_DESCRIPTOR_LIMIT_H_

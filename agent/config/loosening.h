#ifndef SHMETRICS_AGENT_CONFIG_LOOSENING_H_
#define SHMETRICS_AGENT_CONFIG_LOOSENING_H_

#include "agent/config/config.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// Refuses a configuration that opens what is closed in the running agent: kBadOption, and the message names
/// everything that it would open, in one line. Only a restart may do that. A reload often comes from a program
/// that renewed a file, and the file may be half-written, lost with its volume, or empty on a full disk.
///
/// Opens: no users any more, TLS off, hosts or proxies that were not allowed before, an address beyond the
/// loopback that was not listened on, another trusted owner, user ids in the clear. Also a file that is gone,
/// empty, or ends within a line, because it cannot say what it no longer holds.
/// Does not open, and is left to the other rules: users and passwords exchanged for others, other TLS files
/// (the TLS library checks them), another path, other limits of connections, time and tiers.
Result<void> RefuseLoosening(const Config& running, const Config& next);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_CONFIG_LOOSENING_H_

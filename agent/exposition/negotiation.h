#ifndef SHMETRICS_AGENT_EXPOSITION_NEGOTIATION_H_
#define SHMETRICS_AGENT_EXPOSITION_NEGOTIATION_H_

#include <string_view>

#include "shm/exposition/format.h"

namespace shmetrics::agent {

/// The format that `accept`, the value of an Accept header, prefers. If it asks for no known format, the
/// result is text 0.0.4: a refusal would end the scrape of a client that may well understand it.
shm::Exposition Negotiate(std::string_view accept);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_EXPOSITION_NEGOTIATION_H_

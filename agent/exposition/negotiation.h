#ifndef SHMETRICS_AGENT_EXPOSITION_NEGOTIATION_H_
#define SHMETRICS_AGENT_EXPOSITION_NEGOTIATION_H_

#include <string_view>

#include "shm/exposition/format.h"

namespace shmetrics::agent {

/// The best of what `accept`, the value of an Accept header, asks for; text 0.0.4 if it asks for nothing that there is,
/// because a refusal would end the scrape of a client that would have understood.
shm::Exposition Negotiate(std::string_view accept);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_EXPOSITION_NEGOTIATION_H_

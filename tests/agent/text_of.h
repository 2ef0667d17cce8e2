#ifndef SHMETRICS_TESTS_AGENT_TEXT_OF_H_
#define SHMETRICS_TESTS_AGENT_TEXT_OF_H_

#include <string>

#include "agent/exposition/exposition.h"
#include "shm/snapshot.h"

namespace shmetrics::testing {

/// A snapshot as a scrape shows it.
inline std::string TextOf(const shm::Snapshot& snapshot, agent::Exposition exposition = {},
                          bool with_created = false) {
  const shm::Snapshot* const one = &snapshot;
  std::string text;
  agent::WriteExposition({&one, 1}, exposition, with_created, &text);
  return text;
}

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_AGENT_TEXT_OF_H_

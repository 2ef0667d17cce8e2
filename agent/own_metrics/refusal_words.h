#ifndef SHMETRICS_AGENT_OWN_METRICS_REFUSAL_WORDS_H_
#define SHMETRICS_AGENT_OWN_METRICS_REFUSAL_WORDS_H_

#include <array>
#include <string_view>

#include "shm/layout/enumerations.h"

namespace shmetrics::agent {

/// The names of refusals in metrics and JSON, indexed by shm::layout::Refusal.
inline constexpr std::array<std::string_view, shm::layout::kRefusals> kRefusalWords = {
    "invalid_definition", "conflict",      "name_collision",    "invalid_labels", "series_limit",
    "segment_full",       "out_of_memory", "no_free_slot",      "corrupt",        "lease_table_full",
    "ledger_full",        "busy",          "foreign_namespace", "unrecoverable",  "invalid_exemplar",
    "not_openable",       "absent",        "unknown",           "not_followed",
};
static_assert(!kRefusalWords.back().empty());

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_OWN_METRICS_REFUSAL_WORDS_H_

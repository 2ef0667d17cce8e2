#ifndef SHMETRICS_AGENT_OWN_METRICS_WORKER_END_WORDS_H_
#define SHMETRICS_AGENT_OWN_METRICS_WORKER_END_WORDS_H_

#include <string_view>

#include "shm/workers/worker_end.h"

namespace shmetrics::agent {

/// The value of the label `how`; empty for a worker that has not ended.
constexpr std::string_view WordOf(shm::WorkerEnd end) {
  switch (end) {
    case shm::WorkerEnd::kNone:
      return "";
    case shm::WorkerEnd::kEnded:
      return "ended";
    case shm::WorkerEnd::kExec:
      return "exec";
    case shm::WorkerEnd::kUnknown:
      return "unknown";
  }
  return "unknown";
}

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_OWN_METRICS_WORKER_END_WORDS_H_

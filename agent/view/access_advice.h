#ifndef SHMETRICS_AGENT_VIEW_ACCESS_ADVICE_H_
#define SHMETRICS_AGENT_VIEW_ACCESS_ADVICE_H_

#include <string>

#include "shm/result.h"

namespace shmetrics::agent {

/// The reason why the segment at `path` cannot be read, in one line for people. If rights are missing, the line
/// also names the file or folder that they are missing for, its owner, the agent's user, and the remedy.
std::string WithAccessAdvice(const Error& trouble, const std::string& path);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_VIEW_ACCESS_ADVICE_H_

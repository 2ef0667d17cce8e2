#ifndef SHMETRICS_AGENT_VIEW_ACCESS_ADVICE_H_
#define SHMETRICS_AGENT_VIEW_ACCESS_ADVICE_H_

#include <string>

#include "shm/result.h"

namespace shmetrics::agent {

/// The reason why the segment at `path` cannot be read, in one line for people. If it is a matter of rights,
/// the line also says whose the file or the folder in the way is, who the agent is, and what to do.
std::string WithAccessAdvice(const Error& trouble, const std::string& path);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_VIEW_ACCESS_ADVICE_H_

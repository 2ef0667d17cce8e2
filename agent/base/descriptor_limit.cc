#include "agent/base/descriptor_limit.h"

#include <sys/resource.h>

namespace shmetrics::agent {

std::uint64_t RaiseDescriptorLimit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);  // cannot fail
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? limit.rlim_max : limit.rlim_cur;
}

}  // namespace shmetrics::agent

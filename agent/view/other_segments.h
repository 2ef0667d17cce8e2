#ifndef SHMETRICS_AGENT_VIEW_OTHER_SEGMENTS_H_
#define SHMETRICS_AGENT_VIEW_OTHER_SEGMENTS_H_

#include <string>

namespace shmetrics::agent {

/// Which segments there are besides the one at `path`, in one line for people; empty if none is seen. Looks
/// by name (*.v1) in the folder of `path`, in /run/shmetrics, and in the folders of all users in /dev/shm.
/// A folder that may not be listed is named too: workers of another user meet in a folder of theirs, which
/// is the usual reason why an agent waits for ever. Names 8 at most, and looks at 1,000 entries of a folder
/// at most, because anybody can fill /dev/shm.
std::string DescribeOtherSegments(const std::string& path);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_VIEW_OTHER_SEGMENTS_H_

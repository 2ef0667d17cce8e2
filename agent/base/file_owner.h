#ifndef SHMETRICS_AGENT_BASE_FILE_OWNER_H_
#define SHMETRICS_AGENT_BASE_FILE_OWNER_H_

#include <sys/stat.h>

#include <string>

namespace shmetrics::agent {

/// The name of a user, or its number if it has no name here.
std::string UserName(uid_t uid);

/// Who may use a file, for people: "mode 0600, uid 1000 (alice), gid 100 (users)".
std::string DescribeOwner(const struct stat& file);

/// This process, in the same words: "uid 33 (www-data), gid 33 (www-data)".
std::string DescribeThisProcess();

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_BASE_FILE_OWNER_H_

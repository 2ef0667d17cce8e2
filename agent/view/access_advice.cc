#include "agent/view/access_advice.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "agent/base/file_owner.h"

namespace shmetrics::agent {
namespace {

bool IsDenied(const std::string& path, int wanted) {
  return faccessat(AT_FDCWD, path.c_str(), wanted, AT_EACCESS) != 0 && errno == EACCES;
}

/// What on the way to `path` this process has no right to; empty if nothing. The kernel looks from the left.
std::string DeniedPartOf(const std::string& path) {
  std::filesystem::path folder;
  for (const std::filesystem::path& part : std::filesystem::path(path).parent_path()) {
    folder /= part;
    if (IsDenied(folder.string(), X_OK)) return folder.string();
  }
  return IsDenied(path, R_OK) ? path : std::string();
}

std::string AdviceOnRights(const std::string& denied, const struct stat& status) {
  return "; " + denied + " has " + DescribeOwner(status) + ", and the agent runs as " +
         DescribeThisProcess() + "; run the agent as " + UserName(status.st_uid) +
         ", or let workers and agent meet in /run/shmetrics with the group shmetrics, and start the workers "
         "again";
}

}  // namespace

std::string WithAccessAdvice(const Error& trouble, const std::string& path) {
  struct stat status {};
  if (trouble.code == ErrorCode::kNotOpenable) {
    const std::string denied = DeniedPartOf(path);
    if (denied.empty() || lstat(denied.c_str(), &status) != 0) return trouble.message;
    return trouble.message + AdviceOnRights(denied, status);
  }
  if (trouble.code == ErrorCode::kForeignOwner && lstat(path.c_str(), &status) == 0) {
    return trouble.message + "; it has " + DescribeOwner(status) +
           "; --segment.trusted-owner=" + UserName(status.st_uid) + " trusts its owner";
  }
  if (trouble.code == ErrorCode::kUnsafeMode && lstat(path.c_str(), &status) == 0)
    return trouble.message + "; it has " + DescribeOwner(status);
  return trouble.message;
}

}  // namespace shmetrics::agent

#include "agent/base/file_owner.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

namespace shmetrics::agent {
namespace {

/// The longest entry of /etc/passwd or /etc/group that is looked at. A larger one is shown by its number.
constexpr std::size_t kMaxEntryBytes = 1U << 16U;

std::string NameOfUser(uid_t uid) {
  std::vector<char> buffer(kMaxEntryBytes);
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return {};
  return found->pw_name;
}

std::string NameOfGroup(gid_t gid) {
  std::vector<char> buffer(kMaxEntryBytes);
  group entry{};
  group* found = nullptr;
  if (getgrgid_r(gid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return {};
  return found->gr_name;
}

std::string WithName(const char* kind, std::uint64_t number, const std::string& name) {
  return std::string(kind) + " " + std::to_string(number) + (name.empty() ? "" : " (" + name + ")");
}

std::string Describe(uid_t uid, gid_t gid) {
  return WithName("uid", uid, NameOfUser(uid)) + ", " + WithName("gid", gid, NameOfGroup(gid));
}

}  // namespace

std::string UserName(uid_t uid) {
  std::string name = NameOfUser(uid);
  return name.empty() ? "uid " + std::to_string(uid) : name;
}

std::string DescribeOwner(const struct stat& file) {
  char mode[8];
  std::snprintf(mode, sizeof mode, "%04o", file.st_mode & 07777U);
  return "mode " + std::string(mode) + ", " + Describe(file.st_uid, file.st_gid);
}

std::string DescribeThisProcess() { return Describe(geteuid(), getegid()); }

}  // namespace shmetrics::agent

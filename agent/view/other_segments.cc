#include "agent/view/other_segments.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>
#include <vector>

#include "agent/base/file_owner.h"
#include "shm/cells.h"
#include "shm/segment/segment_path.h"
#include "shm/series/label_block.h"

namespace shmetrics::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxNamed = 8;
constexpr std::size_t kMaxEntries = 1000;

/// The paths in a folder, sorted. False if it cannot be listed.
bool List(const fs::path& folder, std::vector<fs::path>* out) {
  std::error_code failed;
  fs::directory_iterator entry(folder, failed);
  if (failed) return false;
  for (std::size_t i = 0; i < kMaxEntries && entry != fs::directory_iterator(); i++) {
    out->push_back(entry->path());
    entry.increment(failed);
    if (failed) break;
  }
  std::ranges::sort(*out);
  return true;
}

/// True if `text` is the prefix with a number behind it.
bool IsNumbered(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix) || text.size() == prefix.size()) return false;
  return text.find_first_not_of("0123456789", prefix.size()) == std::string_view::npos;
}

/// Collects what is worth naming.
class Search {
 public:
  explicit Search(const std::string& path) : own_(path) {}

  void LookInto(const fs::path& folder) {
    if (!seen_folders_.insert(folder.string()).second) return;
    std::vector<fs::path> files;
    struct stat status {};
    if (!List(folder, &files)) {
      if (lstat(folder.c_str(), &status) == 0) Add(folder, status, "which cannot be listed, ");
      return;
    }
    const std::string ending = ".v" + std::to_string(shm::kLayoutMajor);
    for (const fs::path& file : files) {
      if (file.extension() != ending || file == own_) continue;
      if (lstat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode)) Add(file, status, "");
    }
  }

  std::string text() const {
    if (left_out_ == 0) return text_;
    return text_ + ", and " + std::to_string(left_out_) + " more";
  }

 private:
  void Add(const fs::path& what, const struct stat& status, const std::string& remark) {
    // Whoever made the name may have put anything into it.
    if (!shm::IsValidUtf8(what.string())) return;
    if (named_ == kMaxNamed) {
      left_out_++;
      return;
    }
    named_++;
    text_ += (text_.empty() ? "" : ", ") + what.string() + " (" + remark + DescribeOwner(status) + ")";
  }

  const fs::path own_;
  std::set<std::string> seen_folders_;
  std::string text_;
  std::size_t named_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace

std::string DescribeOtherSegments(const std::string& path) {
  Search search(path);
  search.LookInto(shm::FolderOf(path));
  search.LookInto(shm::kSharedFolder);
  const fs::path prefix = shm::kPrivateFolderPrefix;
  std::vector<fs::path> of_users;
  List(prefix.parent_path(), &of_users);
  for (const fs::path& folder : of_users) {
    if (IsNumbered(folder.string(), prefix.string())) search.LookInto(folder);
  }
  return search.text();
}

}  // namespace shmetrics::agent

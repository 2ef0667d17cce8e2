#ifndef SHMETRICS_TESTS_SUPPORT_PRIVATE_FOLDER_H_
#define SHMETRICS_TESTS_SUPPORT_PRIVATE_FOLDER_H_

#include <cstdlib>
#include <filesystem>
#include <new>
#include <string>
#include <system_error>

namespace shmetrics::testing {

/// A folder of mode 0700 on tmpfs, which is removed with this object.
class PrivateFolder {
 public:
  PrivateFolder() {
    if (mkdtemp(path_.data()) == nullptr) throw std::bad_alloc();
  }
  ~PrivateFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + '/' + name; }

 private:
  std::string path_ = "/dev/shm/shmetrics-test-XXXXXX";
};

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_PRIVATE_FOLDER_H_

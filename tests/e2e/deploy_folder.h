#ifndef SHMETRICS_TESTS_E2E_DEPLOY_FOLDER_H_
#define SHMETRICS_TESTS_E2E_DEPLOY_FOLDER_H_

#include <fstream>
#include <sstream>
#include <string>

namespace shmetrics::testing {

/// The folder of the files that operators copy.
inline const std::string kDeploy = SHMETRICS_SOURCE_DIR "/scripts/deploy/";

inline std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_E2E_DEPLOY_FOLDER_H_

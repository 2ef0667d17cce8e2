#ifndef SHMETRICS_SHM_PLANTED_BUG_H_
#define SHMETRICS_SHM_PLANTED_BUG_H_

// Bugs that were made on purpose, each where a promise is kept: a build with SHMETRICS_PLANTED_BUGS has them all, and
// behaves as one of them does that the environment variable SHMETRICS_PLANTED_BUG names (mutation testing).
// scripts/mutants runs the tests against each; a bug that they do not notice is a promise that nothing proves. In every
// other build this is `false`, and the compiler drops what stands behind it.

#ifdef SHMETRICS_PLANTED_BUGS

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

namespace shmetrics::shm {

/// Whether this process has the bug of that name. Asked on hot paths too, therefore once; getenv() takes no lock.
inline bool HasPlantedBug(std::string_view name) {
  static const char* const planted = std::getenv("SHMETRICS_PLANTED_BUG");
  return planted != nullptr && name == planted;
}

/// What zombie-by-its-proc-state goes by: a process whose first thread has ended is a zombie there, though others run.
inline bool IsZombieInProc(std::uint32_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  const std::size_t at = text.rfind(')');
  return at != std::string::npos && text.compare(at, 3, ") Z") == 0;
}

}  // namespace shmetrics::shm

#define SHMETRICS_PLANTED_BUG(name) ::shmetrics::shm::HasPlantedBug(name)

#else

#define SHMETRICS_PLANTED_BUG(name) false

#endif

#endif  // SHMETRICS_SHM_PLANTED_BUG_H_

#ifndef SHMETRICS_TESTS_SUPPORT_GATE_H_
#define SHMETRICS_TESTS_SUPPORT_GATE_H_

#include <fcntl.h>
#include <unistd.h>

#include "shm/base/unique_fd.h"

namespace shmetrics::testing {

/// Children wait for each other here, so that they start at the same moment. Make it before them. It opens
/// when all of them have come and the test has called Open().
class Gate {
 public:
  Gate() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) == 0) {
      exit_ = shm::UniqueFd(ends[0]);
      entrance_ = shm::UniqueFd(ends[1]);
    }
  }

  void Open() { entrance_ = shm::UniqueFd(); }
  /// Called in a child.
  void Wait() {
    Open();
    char byte;
    while (read(exit_.get(), &byte, 1) != 0) {
    }
  }

 private:
  shm::UniqueFd exit_;
  shm::UniqueFd entrance_;  ///< each process that has not come yet holds it open
};

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_GATE_H_

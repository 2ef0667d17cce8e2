#ifndef SHMETRICS_SHM_BASE_NO_CANCEL_H_
#define SHMETRICS_SHM_BASE_NO_CANCEL_H_

#include <pthread.h>

namespace shmetrics::shm {

/// While it lives, pthread_cancel() does not end this thread: the request waits. Otherwise the thread would be
/// unwound at the first open() or read(). That unwinding cannot pass a noexcept function, so it would end the
/// whole process. Nests. Costs two locked instructions, so it stands where system calls are made, and not on
/// the way to a counter.
class NoCancel {
 public:
  NoCancel() noexcept { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &former_); }
  ~NoCancel() {
    int ignored = 0;
    pthread_setcancelstate(former_, &ignored);
  }
  NoCancel(const NoCancel&) = delete;
  NoCancel& operator=(const NoCancel&) = delete;

 private:
  int former_ = PTHREAD_CANCEL_ENABLE;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_BASE_NO_CANCEL_H_

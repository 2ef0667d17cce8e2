#ifndef SHMETRICS_TESTS_SUPPORT_REFUSED_QUESTION_H_
#define SHMETRICS_TESTS_SUPPORT_REFUSED_QUESTION_H_

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <iterator>

namespace shmetrics::testing {

/// From now on the kernel refuses to tell this process, a child of the test, who holds a lock (F_OFD_GETLK):
/// the answer is ENOLCK. False if this user may not do that.
inline bool RefuseToTellOwners() {
  constexpr auto kCall = offsetof(seccomp_data, nr);
  constexpr auto kCommand = offsetof(seccomp_data, args) + sizeof(std::uint64_t);
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kCall),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kCommand),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_OFD_GETLK, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOLCK),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{static_cast<unsigned short>(std::size(filter)), filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_REFUSED_QUESTION_H_

#ifndef SHMETRICS_TESTS_SUPPORT_GIVE_UP_RIGHTS_H_
#define SHMETRICS_TESTS_SUPPORT_GIVE_UP_RIGHTS_H_

#include <unistd.h>

namespace shmetrics::testing {

/// The user who owns nothing.
inline constexpr uid_t kNobody = 65'534;

/// Makes the calling process, which is root, nobody. False if it may not.
inline bool GiveUpRights() { return setgid(kNobody) == 0 && setuid(kNobody) == 0; }

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_GIVE_UP_RIGHTS_H_

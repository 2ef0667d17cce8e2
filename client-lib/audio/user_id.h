#ifndef SHMETRICS_CLIENT_LIB_AUDIO_USER_ID_H_
#define SHMETRICS_CLIENT_LIB_AUDIO_USER_ID_H_

#include <string_view>

#include "shm/result.h"

namespace shmetrics::audio {

/// kInvalidLabels unless the id is 1 to kMaxUserIdBytes bytes of UTF-8 without NUL. The message calls it
/// `what`.
Result<void> CheckUserId(std::string_view user_id, std::string_view what = "user id");

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_AUDIO_USER_ID_H_

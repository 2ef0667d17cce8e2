#ifndef SHMETRICS_CLIENT_LIB_AUDIO_USER_ID_H_
#define SHMETRICS_CLIENT_LIB_AUDIO_USER_ID_H_

#include <string_view>

#include "shm/result.h"

namespace shmetrics::audio {

/// kInvalidLabels unless it is 1 to 256 bytes of UTF-8 without NUL, which no scrape or log line should have to carry.
/// `what` names it in the message.
Result<void> CheckUserId(std::string_view user_id, std::string_view what = "user id");

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_AUDIO_USER_ID_H_

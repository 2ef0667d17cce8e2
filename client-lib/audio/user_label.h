#ifndef SHMETRICS_CLIENT_LIB_AUDIO_USER_LABEL_H_
#define SHMETRICS_CLIENT_LIB_AUDIO_USER_LABEL_H_

#include <string>
#include <string_view>

namespace shmetrics::audio {

/// Names a user without disclosing him to who has not the key: "u_" and the first 16 hex digits of the HMAC-SHA256 of
/// `user_id`. As the replaced system wrote it, so that series go on when it is replaced.
std::string HashedUserLabel(std::string_view key, std::string_view user_id);

/// Whether `label` has the form of what HashedUserLabel() makes. One that has not is a raw id, and must not outlive the
/// moment in which hashing was switched on.
bool IsHashedUserLabel(std::string_view label);

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_AUDIO_USER_LABEL_H_

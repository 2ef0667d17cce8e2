#ifndef SHMETRICS_CLIENT_LIB_AUDIO_USER_LABEL_H_
#define SHMETRICS_CLIENT_LIB_AUDIO_USER_LABEL_H_

#include <string>
#include <string_view>

namespace shmetrics::audio {

/// A name that does not disclose the user to anybody without the key: "u_" and the first 16 hex digits of the
/// HMAC-SHA256 of `user_id`. The replaced system wrote the same, so that series go on when it is replaced.
std::string HashedUserLabel(std::string_view key, std::string_view user_id);

/// True if `label` has the form that HashedUserLabel() makes. Any other label is a raw id, and must not
/// outlive the moment in which hashing is switched on.
bool IsHashedUserLabel(std::string_view label);

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_AUDIO_USER_LABEL_H_

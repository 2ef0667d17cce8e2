#include "client-lib/audio/user_id.h"

#include <string>

#include "client-lib/audio/definitions.h"
#include "shm/series/label_block.h"

namespace shmetrics::audio {

Result<void> CheckUserId(std::string_view user_id, std::string_view what) {
  if (user_id.empty() || user_id.size() > kMaxUserIdBytes) {
    return Error{ErrorCode::kInvalidLabels,
                 std::string(what) + " refused: it has " + std::to_string(user_id.size()) +
                     " bytes; it must have 1 to " + std::to_string(kMaxUserIdBytes)};
  }
  if (user_id.find('\0') == std::string_view::npos && shm::IsValidUtf8(user_id)) return {};
  return Error{ErrorCode::kInvalidLabels, std::string(what) + " refused: it is not UTF-8 without NUL"};
}

}  // namespace shmetrics::audio

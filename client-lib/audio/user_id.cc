#include "client-lib/audio/user_id.h"

#include <cstddef>
#include <string>

#include "shm/series/label_block.h"

namespace shmetrics::audio {

Result<void> CheckUserId(std::string_view user_id, std::string_view what) {
  constexpr std::size_t kMaxBytes = 256;
  if (user_id.empty() || user_id.size() > kMaxBytes) {
    return Error{ErrorCode::kInvalidLabels, std::string(what) + " refused: it has " +
                                                std::to_string(user_id.size()) +
                                                " bytes; it must have 1 to " + std::to_string(kMaxBytes)};
  }
  if (user_id.find('\0') == std::string_view::npos && shm::IsValidUtf8(user_id)) return {};
  return Error{ErrorCode::kInvalidLabels, std::string(what) + " refused: it is not UTF-8 without NUL"};
}

}  // namespace shmetrics::audio

#include "client-lib/user_label.h"

#include <nettle/hmac.h>

#include <array>
#include <cstdint>

namespace shmetrics::audio {

std::string HashedUserLabel(std::string_view key, std::string_view user_id) {
  const auto bytes = [](std::string_view text) { return reinterpret_cast<const std::uint8_t*>(text.data()); };
  hmac_sha256_ctx context;
  hmac_sha256_set_key(&context, key.size(), bytes(key));
  hmac_sha256_update(&context, user_id.size(), bytes(user_id));
  std::array<std::uint8_t, 8> digest;
  hmac_sha256_digest(&context, digest.size(), digest.data());

  std::string label = "u_";
  for (const std::uint8_t byte : digest) {
    label += "0123456789abcdef"[byte >> 4U];
    label += "0123456789abcdef"[byte & 15U];
  }
  return label;
}

}  // namespace shmetrics::audio

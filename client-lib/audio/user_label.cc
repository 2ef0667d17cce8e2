#include "client-lib/audio/user_label.h"

#include <nettle/hmac.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace shmetrics::audio {
namespace {

constexpr std::string_view kPrefix = "u_";
constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::size_t kDigestBytes = 8;

}  // namespace

std::string HashedUserLabel(std::string_view key, std::string_view user_id) {
  const auto bytes = [](std::string_view text) { return reinterpret_cast<const std::uint8_t*>(text.data()); };
  hmac_sha256_ctx context;
  hmac_sha256_set_key(&context, key.size(), bytes(key));
  hmac_sha256_update(&context, user_id.size(), bytes(user_id));
  std::array<std::uint8_t, kDigestBytes> digest;
  hmac_sha256_digest(&context, digest.size(), digest.data());

  std::string label(kPrefix);
  for (const std::uint8_t byte : digest) {
    label += kHexDigits[byte >> 4U];
    label += kHexDigits[byte & 15U];
  }
  return label;
}

bool IsHashedUserLabel(std::string_view label) {
  return label.size() == kPrefix.size() + 2 * kDigestBytes && label.starts_with(kPrefix) &&
         label.find_first_not_of(kHexDigits, kPrefix.size()) == std::string_view::npos;
}

}  // namespace shmetrics::audio

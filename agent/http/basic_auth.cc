#include "agent/http/basic_auth.h"

#include <crypt.h>
#include <nettle/base64.h>
#include <nettle/memops.h>
#include <strings.h>

#include <cstdint>
#include <memory>

namespace shmetrics::agent {
namespace {

constexpr std::string_view kScheme = "Basic ";
constexpr std::size_t kHashLength = 60;
// Longer credentials are not a password but an attempt to keep the decoder busy.
constexpr std::size_t kMaxCredentials = 1024;

}  // namespace

std::optional<Credentials> DecodeBasic(std::string_view authorization) {
  if (authorization.size() < kScheme.size() || authorization.size() > kMaxCredentials ||
      strncasecmp(authorization.data(), kScheme.data(), kScheme.size()) != 0) {
    return std::nullopt;
  }
  authorization.remove_prefix(kScheme.size());
  base64_decode_ctx decoder;
  base64_decode_init(&decoder);
  std::string decoded(BASE64_DECODE_LENGTH(authorization.size()), '\0');
  std::size_t size = decoded.size();
  if (base64_decode_update(&decoder, &size, reinterpret_cast<std::uint8_t*>(decoded.data()),
                           authorization.size(), authorization.data()) != 1 ||
      base64_decode_final(&decoder) != 1) {
    return std::nullopt;
  }
  decoded.resize(size);
  const std::size_t colon = decoded.find(':');
  if (colon == std::string::npos || decoded.find('\0') != std::string::npos) return std::nullopt;
  return Credentials{decoded.substr(0, colon), decoded.substr(colon + 1)};
}

bool IsBcryptHash(std::string_view text) {
  constexpr std::string_view kAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  if (text.size() != kHashLength || text[0] != '$' || text[1] != '2' || text[3] != '$' || text[6] != '$') {
    return false;
  }
  const std::string_view cost = text.substr(4, 2);
  return std::string_view("aby").find(text[2]) != std::string_view::npos && cost >= "04" && cost <= "14" &&
         cost.find_first_not_of("0123456789") == std::string_view::npos &&
         text.find_first_not_of(kAlphabet, 7) == std::string_view::npos;
}

int CostOf(std::string_view bcrypt_hash) {
  return IsBcryptHash(bcrypt_hash) ? (bcrypt_hash[4] - '0') * 10 + (bcrypt_hash[5] - '0') : 0;
}

bool IsHashOf(const std::string& password, const std::string& bcrypt_hash) {
  if (password.size() > kMaxPasswordBytes || !IsBcryptHash(bcrypt_hash)) return false;
  const auto work = std::make_unique<crypt_data>();  // 32 KiB
  const char* const made = crypt_r(password.c_str(), bcrypt_hash.c_str(), work.get());
  return made != nullptr && std::string_view(made).size() == kHashLength &&
         memeql_sec(made, bcrypt_hash.data(), kHashLength) != 0;
}

}  // namespace shmetrics::agent

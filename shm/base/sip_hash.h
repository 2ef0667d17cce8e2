#ifndef SHMETRICS_SHM_BASE_SIP_HASH_H_
#define SHMETRICS_SHM_BASE_SIP_HASH_H_

// SipHash-1-3 (Aumasson and Bernstein): a hash with a secret key. Who does not know the key cannot choose
// texts with equal hashes, however many he may choose. Debian has no C or C++ library of it; libsodium has
// the slower SipHash-2-4, and as a function that cannot be inlined.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace shmetrics::shm {

static_assert(std::endian::native == std::endian::little, "words are loaded as they lie in memory");

/// A secret key, random for whatever it is made for.
struct HashKey {
  std::uint64_t words[2];
};

/// Hashes a sequence of words. Two sequences of which one begins with the other must not both be hashed.
class SipHash {
 public:
  explicit SipHash(const HashKey& key)
      : v0_(key.words[0] ^ 0x736F'6D65'7073'6575U),
        v1_(key.words[1] ^ 0x646F'7261'6E64'6F6DU),
        v2_(key.words[0] ^ 0x6C79'6765'6E65'7261U),
        v3_(key.words[1] ^ 0x7465'6462'7974'6573U) {}

  void Add(std::uint64_t word) {
    v3_ ^= word;
    Round();
    v0_ ^= word;
  }
  /// Adds the bytes of a text, filled up with zeros to whole words.
  void Add(std::string_view text) {
    const char* at = text.data();
    std::size_t left = text.size();
    for (; left >= 8; at += 8, left -= 8) Add(Load<std::uint64_t>(at));
    if (left > 0) Add(LastBytes(at, left));
  }
  std::uint64_t Finish() {
    v2_ ^= 0xFF;
    Round();
    Round();
    Round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

  /// One to seven bytes as a word. Reads only them.
  static std::uint64_t LastBytes(const char* at, std::size_t count) {
    // The two loads overlap, and put what both have to the same place.
    if (count >= 4) return Load<std::uint32_t>(at) | Load<std::uint32_t>(at + count - 4) << (8 * (count - 4));
    const std::size_t middle = count / 2, last = count - 1;
    return Load<std::uint8_t>(at) | Load<std::uint8_t>(at + middle) << (8 * middle) |
           Load<std::uint8_t>(at + last) << (8 * last);
  }

 private:
  template <class Word>
  static std::uint64_t Load(const char* at) {
    Word word;
    std::memcpy(&word, at, sizeof word);
    return word;
  }
  void Round() {
    v0_ += v1_;
    v2_ += v3_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ = std::rotl(v0_, 32) + v3_;
    v2_ += v1_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v2_ = std::rotl(v2_, 32);
  }

  std::uint64_t v0_, v1_, v2_, v3_;
};

/// SipHash-1-3 of a text, as others compute it.
inline std::uint64_t SipHashOf(const HashKey& key, std::string_view text) {
  SipHash hash(key);
  const std::size_t whole = text.size() / 8 * 8;
  hash.Add(text.substr(0, whole));
  const std::uint64_t last =
      text.size() > whole ? SipHash::LastBytes(text.data() + whole, text.size() - whole) : 0;
  hash.Add(last | std::uint64_t{text.size()} << 56U);
  return hash.Finish();
}

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_BASE_SIP_HASH_H_

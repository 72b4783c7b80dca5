// SHA-1, SHA-256, HMAC and PBKDF2 for the fake host, so that module tests need no library.
//
// For tests alone: neither fast nor in constant time.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "hotline/cap/crypto.h"

namespace hotline::sdk::fake {

// The message with its padding (FIPS 180-4 5.1.1), block by block, given to `block` as 16 words.
template <typename Block>
void for_each_block(std::string_view data, Block block) {
  std::string padded(data);
  padded.append(1, static_cast<char>(0x80));
  while (padded.size() % 64 != 56) padded.append(1, '\0');
  for (int shift = 56; shift >= 0; shift -= 8)
    padded.append(1, static_cast<char>(std::uint64_t{data.size()} * 8 >> shift));
  for (std::size_t at = 0; at < padded.size(); at += 64) {
    std::array<std::uint32_t, 16> words{};
    for (std::size_t i = 0; i < 64; ++i)
      words[i / 4] = words[i / 4] << 8 | static_cast<unsigned char>(padded[at + i]);
    block(words);
  }
}

template <std::size_t N>
std::string big_endian(const std::array<std::uint32_t, N>& words) {
  std::string out;
  for (const std::uint32_t word : words)
    for (int shift = 24; shift >= 0; shift -= 8) out.append(1, static_cast<char>(word >> shift));
  return out;
}

inline std::string sha1(std::string_view data) {
  std::array<std::uint32_t, 5> h = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  for_each_block(data, [&](const std::array<std::uint32_t, 16>& words) {
    std::array<std::uint32_t, 80> w{};
    for (std::size_t t = 0; t < 80; ++t)
      w[t] = t < 16 ? words[t] : std::rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    auto [a, b, c, d, e] = h;
    for (std::size_t t = 0; t < 80; ++t) {
      const std::uint32_t f = t < 20              ? (b & c) | (~b & d)
                              : t >= 40 && t < 60 ? (b & c) | (b & d) | (c & d)
                                                  : b ^ c ^ d;
      const std::uint32_t k = t < 20 ? 0x5a827999 : t < 40 ? 0x6ed9eba1 : t < 60 ? 0x8f1bbcdc : 0xca62c1d6;
      const std::uint32_t next = std::rotl(a, 5) + f + e + k + w[t];
      e = d, d = c, c = std::rotl(b, 30), b = a, a = next;
    }
    h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
  });
  return big_endian(h);
}

inline std::string sha256(std::string_view data) {
  constexpr std::array<std::uint32_t, 64> k = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
      0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
      0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
      0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
      0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
      0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
      0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
  std::array<std::uint32_t, 8> h = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  for_each_block(data, [&](const std::array<std::uint32_t, 16>& words) {
    std::array<std::uint32_t, 64> w{};
    for (std::size_t t = 0; t < 64; ++t) {
      if (t < 16) {
        w[t] = words[t];
        continue;
      }
      const std::uint32_t s0 = std::rotr(w[t - 15], 7) ^ std::rotr(w[t - 15], 18) ^ (w[t - 15] >> 3);
      const std::uint32_t s1 = std::rotr(w[t - 2], 17) ^ std::rotr(w[t - 2], 19) ^ (w[t - 2] >> 10);
      w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    auto v = h;
    for (std::size_t t = 0; t < 64; ++t) {
      const std::uint32_t s1 = std::rotr(v[4], 6) ^ std::rotr(v[4], 11) ^ std::rotr(v[4], 25);
      const std::uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
      const std::uint32_t t1 = v[7] + s1 + choice + k[t] + w[t];
      const std::uint32_t s0 = std::rotr(v[0], 2) ^ std::rotr(v[0], 13) ^ std::rotr(v[0], 22);
      const std::uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
      v = {t1 + t2, v[0], v[1], v[2], v[3] + t1, v[4], v[5], v[6]};
    }
    for (std::size_t i = 0; i < 8; ++i) h[i] += v[i];
  });
  return big_endian(h);
}

// `digest` is HL_DIGEST_...
inline std::string digest(std::int32_t digest, std::string_view data) {
  return digest == HL_DIGEST_SHA1 ? sha1(data) : sha256(data);
}

inline std::string hmac(std::int32_t kind, std::string_view key, std::string_view data) {
  std::string block(key.size() > 64 ? digest(kind, key) : std::string(key));
  block.resize(64, '\0');
  std::string inner, outer;
  for (const char c : block) {
    inner.append(1, static_cast<char>(c ^ 0x36));
    outer.append(1, static_cast<char>(c ^ 0x5c));
  }
  return digest(kind, outer + digest(kind, inner.append(data)));
}

// One block's worth, which is all that SCRAM's Hi() takes.
inline std::string pbkdf2(std::int32_t kind, std::string_view password, std::string_view salt,
                          std::uint32_t iterations) {
  std::string u = hmac(kind, password, std::string(salt) + std::string("\0\0\0\1", 4));
  std::string out = u;
  for (std::uint32_t i = 1; i < iterations; ++i) {
    u = hmac(kind, password, u);
    for (std::size_t at = 0; at < out.size(); ++at) out[at] = static_cast<char>(out[at] ^ u[at]);
  }
  return out;
}

}  // namespace hotline::sdk::fake

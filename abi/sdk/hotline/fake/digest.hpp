// SHA-1, SHA-256, HMAC and PBKDF2 for the fake host, so that module tests need no library.
//
// For tests alone, and not in constant time. A test derives keys with thousands of iterations, compiled
// without optimisation and under sanitizers: hence plain arrays, and an HMAC that has digested its key
// beforehand.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "hotline/cap/crypto.h"

namespace hotline::sdk::fake {

// What both hashes are between two blocks: SHA-1 has five words of it (FIPS 180-4 5.3).
using DigestState = std::array<std::uint32_t, 8>;

inline void sha1_block(DigestState& state, const std::uint32_t* words) {
  std::uint32_t w[80];
  for (int t = 0; t < 80; ++t) {
    const std::uint32_t x = t < 16 ? words[t] : w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16];
    w[t] = t < 16 ? x : x << 1 | x >> 31;
  }
  std::uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
  for (int t = 0; t < 80; ++t) {
    const std::uint32_t f = t < 20              ? (b & c) | (~b & d)
                            : t >= 40 && t < 60 ? (b & c) | (b & d) | (c & d)
                                                : b ^ c ^ d;
    const std::uint32_t k = t < 20 ? 0x5a827999 : t < 40 ? 0x6ed9eba1 : t < 60 ? 0x8f1bbcdc : 0xca62c1d6;
    const std::uint32_t next = (a << 5 | a >> 27) + f + e + k + w[t];
    e = d, d = c, c = b << 30 | b >> 2, b = a, a = next;
  }
  state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

inline void sha256_block(DigestState& state, const std::uint32_t* words) {
  static constexpr std::uint32_t k[64] = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
      0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
      0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
      0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
      0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
      0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
      0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
  const auto rotr = [](std::uint32_t x, int by) { return x >> by | x << (32 - by); };
  std::uint32_t w[64], v[8];
  for (int t = 0; t < 64; ++t) {
    if (t < 16) {
      w[t] = words[t];
      continue;
    }
    const std::uint32_t s0 = rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^ (w[t - 15] >> 3);
    const std::uint32_t s1 = rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ (w[t - 2] >> 10);
    w[t] = w[t - 16] + s0 + w[t - 7] + s1;
  }
  for (unsigned i = 0; i < 8; ++i) v[i] = state[i];
  for (int t = 0; t < 64; ++t) {
    const std::uint32_t s1 = rotr(v[4], 6) ^ rotr(v[4], 11) ^ rotr(v[4], 25);
    const std::uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
    const std::uint32_t t1 = v[7] + s1 + choice + k[t] + w[t];
    const std::uint32_t s0 = rotr(v[0], 2) ^ rotr(v[0], 13) ^ rotr(v[0], 22);
    const std::uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    v[7] = v[6], v[6] = v[5], v[5] = v[4], v[4] = v[3] + t1, v[3] = v[2], v[2] = v[1], v[1] = v[0],
    v[0] = t1 + t2;
  }
  for (unsigned i = 0; i < 8; ++i) state[i] += v[i];
}

// A digest that goes on from any state at a block's end. `kind` is HL_DIGEST_...
class Digest {
 public:
  explicit Digest(std::int32_t kind) : is_sha1_(kind == HL_DIGEST_SHA1) {
    if (is_sha1_)
      state_ = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    else
      state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  }

  void block(const char* bytes) {
    std::uint32_t words[16] = {};
    for (int i = 0; i < 64; ++i) words[i / 4] = words[i / 4] << 8 | static_cast<unsigned char>(bytes[i]);
    if (is_sha1_)
      sha1_block(state_, words);
    else
      sha256_block(state_, words);
    size_ += 64;
  }

  // Of what came before and of `rest`, with the padding (FIPS 180-4 5.1.1).
  std::string finish(std::string_view rest) {
    const std::uint64_t bits = (size_ + rest.size()) * 8;
    std::string padded(rest);
    padded.append(1, static_cast<char>(0x80));
    padded.append((64 + 56 - padded.size() % 64) % 64, '\0');
    for (int shift = 56; shift >= 0; shift -= 8) padded.append(1, static_cast<char>(bits >> shift));
    for (std::size_t at = 0; at < padded.size(); at += 64) block(padded.data() + at);
    std::string out;
    for (std::size_t i = 0; i < (is_sha1_ ? 5 : 8); ++i)
      for (int shift = 24; shift >= 0; shift -= 8) out.append(1, static_cast<char>(state_[i] >> shift));
    return out;
  }

 private:
  bool is_sha1_;
  DigestState state_;
  std::uint64_t size_ = 0;  // Of the blocks so far, in bytes.
};

inline std::string digest(std::int32_t kind, std::string_view data) {
  return Digest(kind).finish(data);
}

// RFC 2104, with the key's two blocks digested once.
class Hmac {
 public:
  Hmac(std::int32_t kind, std::string_view key) : inner_(kind), outer_(kind) {
    std::string block(key.size() > 64 ? digest(kind, key) : std::string(key));
    block.resize(64, '\0');
    for (char& c : block) c = static_cast<char>(c ^ 0x36);
    inner_.block(block.data());
    for (char& c : block) c = static_cast<char>(c ^ 0x36 ^ 0x5c);
    outer_.block(block.data());
  }

  std::string of(std::string_view data) const { return Digest(outer_).finish(Digest(inner_).finish(data)); }

 private:
  Digest inner_, outer_;
};

inline std::string hmac(std::int32_t kind, std::string_view key, std::string_view data) {
  return Hmac(kind, key).of(data);
}

// One block's worth, which is all that SCRAM's Hi() takes.
inline std::string pbkdf2(std::int32_t kind, std::string_view password, std::string_view salt,
                          std::uint32_t iterations) {
  const Hmac hmac(kind, password);
  std::string u = hmac.of(std::string(salt) + std::string("\0\0\0\1", 4));
  std::string out = u;
  for (std::uint32_t i = 1; i < iterations; ++i) {
    u = hmac.of(u);
    for (std::size_t at = 0; at < out.size(); ++at) out[at] = static_cast<char>(out[at] ^ u[at]);
  }
  return out;
}

}  // namespace hotline::sdk::fake

#include "base/random.h"

#include <openssl/rand.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/hex.h"

namespace hotline {

std::uint64_t Random::next_u64() {
  std::uint64_t value = 0;
  fill({reinterpret_cast<unsigned char*>(&value), sizeof value});
  return value;
}

std::string Random::hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  fill({reinterpret_cast<unsigned char*>(raw.data()), raw.size()});
  return to_hex(raw);
}

void SecureRandom::fill(std::span<unsigned char> out) {
  check(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1, "the random generator works");
}

void SeededRandom::fill(std::span<unsigned char> out) {
  // splitmix64: every seed gives a full-period sequence.
  for (std::size_t at = 0; at < out.size();) {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    const std::size_t take = std::min<std::size_t>(sizeof z, out.size() - at);
    std::memcpy(out.data() + at, &z, take);
    at += take;
  }
}

}  // namespace hotline

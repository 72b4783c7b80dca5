// Sixteen bytes looked at together: most of what is scanned for a handful of characters has none of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace hotline {

constexpr std::size_t block_bytes = 16;

// Whether one of `Wanted` is among the sixteen bytes at `block`.
template <unsigned char... Wanted>
bool has_any_of(const char* block) {
  typedef unsigned char Block __attribute__((vector_size(block_bytes)));
  Block bytes;
  std::memcpy(&bytes, block, block_bytes);
  const auto equal = ((bytes == Wanted) | ...);
  std::uint64_t halves[2];
  static_assert(sizeof halves == sizeof equal);
  std::memcpy(halves, &equal, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

}  // namespace hotline

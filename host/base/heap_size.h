// What the allocator holds for a block, its own bookkeeping and rounding included: asked of the allocator,
// not guessed. For reports of memory; a call costs a few nanoseconds.
#pragma once

#include <malloc.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace hotline {

constexpr std::size_t heap_head_bytes = sizeof(std::size_t);  // glibc's, in front of each block.

inline std::size_t heap_bytes(const void* block) {
  return block == nullptr ? 0 : malloc_usable_size(const_cast<void*>(block)) + heap_head_bytes;
}

// Outside of the object; 0 while the text fits into it.
inline std::size_t heap_bytes(const std::string& text) {
  const auto* const begin = reinterpret_cast<const char*>(&text);
  const bool is_inside = text.data() >= begin && text.data() < begin + sizeof text;
  return is_inside ? 0 : heap_bytes(static_cast<const void*>(text.data()));
}

template <typename T>
std::size_t heap_bytes(const std::vector<T>& items) {
  return items.capacity() == 0 ? 0 : heap_bytes(static_cast<const void*>(items.data()));
}

// Of a container's node, whose address it does not tell: `size` as glibc's malloc rounds it.
constexpr std::size_t heap_node_bytes(std::size_t size) {
  constexpr std::size_t step = 2 * sizeof(std::size_t);
  return std::max((size + heap_head_bytes + step - 1) / step * step, 2 * step);
}

// What an object holds: for as long as it is there, and only while something is under way.
struct HeldBytes {
  std::size_t idle = 0;
  std::size_t in_flight = 0;
};

}  // namespace hotline

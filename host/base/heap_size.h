// What the allocator holds for a block, its own bookkeeping and rounding included: asked of the allocator,
// not guessed. For reports of memory; a call costs a few nanoseconds.
//
// jemalloc's in a program that has it (arena/module_malloc.cpp), glibc's in all others.
#pragma once

#include <malloc.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

// What jemalloc rounds a size to; nullptr in a program without it. Source: jemalloc(3).
extern "C" std::size_t nallocx(std::size_t bytes, int flags) noexcept __attribute__((weak));

namespace hotline {

// In front of each block of glibc's.
inline std::size_t heap_head_bytes() {
  return nallocx == nullptr ? sizeof(std::size_t) : 0;
}

inline std::size_t heap_bytes(const void* block) {
  return block == nullptr ? 0 : malloc_usable_size(const_cast<void*>(block)) + heap_head_bytes();
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

// Of a container's node, whose address it does not tell: `size` as the allocator rounds it.
inline std::size_t heap_node_bytes(std::size_t size) {
  if (nallocx != nullptr) return nallocx(size, 0);
  constexpr std::size_t step = 2 * sizeof(std::size_t);
  return std::max((size + heap_head_bytes() + step - 1) / step * step, 2 * step);
}

// What an object holds: for as long as it is there, and only while something is under way.
struct HeldBytes {
  std::size_t idle = 0;
  std::size_t in_flight = 0;
};

}  // namespace hotline

// prefetch(): asks for memory ahead of its use, so that the processor fetches several things at once instead
// of waiting for one after the other. A hint: nothing is read, so nullptr does no harm.
#pragma once

#include <cstddef>

namespace hotline {

inline void prefetch(const void* begin, std::size_t bytes) {
  constexpr std::size_t line_bytes = 64;
  const char* const first = static_cast<const char*>(begin);
  for (std::size_t at = 0; at < bytes; at += line_bytes) __builtin_prefetch(first + at);
  __builtin_prefetch(first + bytes - 1);  // Objects begin anywhere in a line.
}

template <typename T>
void prefetch(const T* object) {
  prefetch(object, sizeof(T));
}

}  // namespace hotline

// prefetch(): asks for memory ahead of its use, so that the processor fetches several things at once instead
// of waiting for one after the other. A hint: nothing is read, so nullptr does no harm.
#pragma once

#include <cstddef>
#include <cstdint>

namespace hotline {

inline void prefetch(const void* begin, std::size_t bytes) {
  constexpr std::size_t line_bytes = 64;
  // Numbers, because no pointer may be made past an object's end, or of nullptr.
  const auto first = reinterpret_cast<std::uintptr_t>(begin);
  const auto fetch = [](std::uintptr_t at) {
    __builtin_prefetch(reinterpret_cast<const void*>(at));  // NOLINT(performance-no-int-to-ptr)
  };
  for (std::size_t at = 0; at < bytes; at += line_bytes) fetch(first + at);
  fetch(first + bytes - 1);  // Objects begin anywhere in a line.
}

template <typename T>
void prefetch(const T* object) {
  prefetch(object, sizeof(T));
}

}  // namespace hotline

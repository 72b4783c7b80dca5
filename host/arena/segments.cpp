#include "arena/segments.h"

#include <sys/mman.h>

#include <cerrno>

namespace hotline {

namespace {

std::size_t whole_segments(std::size_t bytes) {
  return (bytes + segment_bytes - 1) & ~(segment_bytes - 1);
}

void mark(std::uintptr_t begin, std::size_t bytes, bool is_taken) {
  const std::uint64_t first = begin >> detail::segment_bits;
  const std::uint64_t end = (begin + bytes) >> detail::segment_bits;
  for (std::uint64_t segment = first; segment < end; ++segment) {
    const std::uint64_t bit = 1ull << (segment % 64);
    const std::atomic_ref word(detail::segment_map[segment / 64]);
    if (is_taken) {
      word.fetch_or(bit, std::memory_order_relaxed);
    } else {
      word.fetch_and(~bit, std::memory_order_relaxed);
    }
  }
}

}  // namespace

detail::SegmentMap detail::segment_map;

void* take_segments(std::size_t bytes) noexcept {
  const std::size_t wanted = whole_segments(bytes);
  if (wanted < bytes || wanted + segment_bytes < wanted) return nullptr;
  const int saved_errno = errno;
  // The kernel knows no such alignment: a segment too many, and what sticks out is given back.
  void* const mapped = mmap(nullptr, wanted + segment_bytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  errno = saved_errno;
  if (mapped == MAP_FAILED) return nullptr;
  const auto at = reinterpret_cast<std::uintptr_t>(mapped);
  const std::uintptr_t begin = whole_segments(at);
  if (begin > at) munmap(mapped, begin - at);
  if (const std::size_t behind = at + segment_bytes - begin; behind > 0)
    munmap(reinterpret_cast<void*>(begin + wanted), behind);
  if ((begin + wanted) >> detail::address_bits != 0) {
    munmap(reinterpret_cast<void*>(begin), wanted);
    return nullptr;
  }
  mark(begin, wanted, true);
  return reinterpret_cast<void*>(begin);
}

void return_segments(void* first, std::size_t bytes) noexcept {
  mark(reinterpret_cast<std::uintptr_t>(first), whole_segments(bytes), false);
  munmap(first, whole_segments(bytes));
}

}  // namespace hotline

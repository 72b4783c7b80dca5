// Segments: memory from the kernel in pieces that begin at multiples of 1 MiB, and a map that says of any
// address whether it lies in one.
//
// free() is asked about every block of the process, and has to tell in a few instructions which are a
// module's.
//
// The map is the process's, because free() is. Threads: any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace hotline {

inline constexpr std::size_t segment_bytes = 1u << 20;

// Zeroed, `bytes` rounded up to whole segments; nullptr: there is none.
void* take_segments(std::size_t bytes) noexcept;
// With the `bytes` they were taken with.
void return_segments(void* first, std::size_t bytes) noexcept;

namespace detail {
// What a program can map on x86-64 and with 4 KiB pages on arm64; its pages exist once they are written.
inline constexpr unsigned address_bits = 47;
inline constexpr unsigned segment_bits = 20;
using SegmentMap = std::array<std::uint64_t, (1ull << (address_bits - segment_bits)) / 64>;
extern SegmentMap segment_map;  // Each word through std::atomic_ref.
}  // namespace detail

inline bool is_in_segments(const void* address) noexcept {
  const std::uint64_t segment = reinterpret_cast<std::uintptr_t>(address) >> detail::segment_bits;
  if (segment / 64 >= detail::segment_map.size()) return false;
  const std::uint64_t word =
      std::atomic_ref(detail::segment_map[segment / 64]).load(std::memory_order_relaxed);
  return (word >> (segment % 64) & 1) != 0;
}

}  // namespace hotline

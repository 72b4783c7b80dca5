// clock: the two clocks the benchmark reads: one to measure with, one to compare with other tools' marks.
#pragma once

#include <cstdint>
#include <ctime>

namespace hotline::bench {

constexpr std::int64_t ns_per_us = 1'000;
constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::int64_t ns_per_s = 1'000'000'000;

inline std::int64_t ns(double seconds) {
  return static_cast<std::int64_t>(seconds * 1e9);
}

inline std::int64_t read_clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * ns_per_s + now.tv_nsec;
}

// Never goes back; all latencies are differences of it.
inline std::int64_t now_ns() {
  return read_clock_ns(CLOCK_MONOTONIC);
}

// What to add to now_ns() for Unix time, the clock of push marks.
inline std::int64_t unix_offset_ns() {
  return read_clock_ns(CLOCK_REALTIME) - now_ns();
}

}  // namespace hotline::bench

// Time, behind one interface, so that a whole host can run on simulated time.
#pragma once

#include <cstdint>

namespace hotline {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::uint64_t mono_us() = 0;                          // Monotonic; only differences mean anything.
  virtual std::uint64_t mono_ns() { return mono_us() * 1000; }  // The same, for what takes less than one.
  virtual std::uint64_t wall_ms() = 0;                          // Milliseconds since 1970-01-01 UTC.
};

// CLOCK_MONOTONIC and CLOCK_REALTIME. Any thread.
class SystemClock final : public Clock {
 public:
  std::uint64_t mono_us() override;
  std::uint64_t mono_ns() override;
  std::uint64_t wall_ms() override;
};

}  // namespace hotline

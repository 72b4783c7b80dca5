// Safepoint: the barrier at which code is swapped on all shards at once.
//
// A shard is `running` (it may be inside an event), or `parked` (waiting for input in its loop). With a
// swap pending, a running shard arrives between two events and waits; a parked one counts as arrived
// without being woken, and one that wakes up meanwhile arrives before its first event. The last to arrive
// performs the swap for everyone and lets them go.
//
// A shard that its machine does not run for a while would make the others wait for it. So an attempt is
// given up after a moment: those who wait go on with their events, and the next attempt begins a moment
// later. That bounds the pause of every shard by about one attempt, whatever the scheduler does. Who is in
// haste lets attempts grow: shards in long calls come together in a short attempt only by chance.
//
// Invariants
//   1. The swap runs while no shard is inside an event, exactly once, or not at all.
//   2. What the swap wrote is seen by every shard's next event.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/clock.h"

namespace hotline {

class Safepoint {
 public:
  struct Outcome {
    bool swapped = false;
    std::uint32_t attempts = 0;
    std::uint64_t pause_us_max = 0;  // The longest that any shard stood still, failed attempts included.
  };

  struct Patience {
    std::uint64_t attempt_us = 200;
    std::uint64_t attempt_us_max = 200;  // Half of the time spent so far, up to this.
    std::uint64_t deadline_us = 5'000'000;
  };

  Safepoint(std::uint32_t shards, Clock& clock);

  // [control thread] Runs `swap` at a safepoint. Gives up after the deadline.
  Outcome run(const std::function<void()>& swap, const Patience& patience);

  // [shard threads] A shard is parked when it starts and after it stops.
  void unpark(std::uint32_t shard);  // Before its first event of a turn. Waits while a swap runs.
  void park(std::uint32_t shard);    // No event will be handled until unpark().
  // Between two events. One relaxed load when nothing is pending.
  void poll(std::uint32_t shard) {
    if (pending_.load(std::memory_order_acquire)) [[unlikely]]
      arrive(shard);
  }

 private:
  // One cache line each: shards write their own word twice a turn.
  struct alignas(64) State {
    std::atomic<bool> is_running{false};
    bool has_arrived = false;   // Under mutex_.
    std::uint64_t attempt = 0;  // The attempt this shard has given up on, under mutex_.
  };

  void arrive(std::uint32_t shard);
  bool is_attempted() const;  // Under mutex_, as all of these: an attempt runs now.
  bool all_stopped() const;
  void swap_now();  // All stopped, in an attempt.

  Clock& clock_;
  std::vector<State> states_;
  std::atomic<bool> pending_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void()>* swap_ = nullptr;
  bool is_done_ = false;
  std::uint64_t attempt_ = 0;
  std::atomic<std::uint64_t> attempt_ends_us_{0};
  std::atomic<std::uint64_t> done_{0};  // The attempt that swapped: what those who arrived wait for.
  std::uint64_t pause_us_max_ = 0;
};

}  // namespace hotline

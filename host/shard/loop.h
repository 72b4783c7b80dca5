// Loop: a shard's thread and its libuv loop, and the order of things in one turn.
//
// One turn:  wait for input | begin_turn | what sockets, timers and the inbox have |
//            end of turn (everything written meanwhile goes out, one write a connection) | park
//
// libuv calls back for sockets before it could tell us that waiting is over, so whoever handles input calls
// begin_turn() first; it is one test of a bool when the turn has begun.
//
// Threads: start, stop and wake from any; the rest is the loop's own.
#pragma once

#include <uv.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "shard/safepoint.h"

namespace hotline {

// What a loop drives: the shard's logic, which knows no libuv.
class ShardWork {
 public:
  virtual ~ShardWork() = default;
  virtual void begin_turn() {}
  virtual void take_inbox() = 0;              // Once a turn, before its end; there may be nothing.
  virtual void run_timers() = 0;              // next_timer_us() has come.
  virtual std::uint64_t next_timer_us() = 0;  // Clock::mono_us; UINT64_MAX: none.
  virtual bool end_turn() = 0;                // True: there is more to do at once.
};

class Loop {
 public:
  Loop(std::uint32_t shard, Clock& clock, Safepoint& safepoint);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  uv_loop_t* uv() { return &loop_; }
  // `work` outlives the loop's thread.
  Result<void> start(ShardWork& work);
  // Runs `last` on the loop's thread, then ends and joins it.
  void stop(const std::function<void()>& last);
  void wake();
  void begin_turn() {
    if (!is_in_turn_) open_turn();
  }

  // Microseconds spent between waking up and waiting again, and in all. Any thread.
  std::uint64_t busy_us() const { return busy_us_.load(std::memory_order_relaxed); }
  std::uint64_t turns() const { return turns_.load(std::memory_order_relaxed); }

 private:
  void serve();
  void open_turn();
  void close_turn();
  void arm_timer();

  const std::uint32_t shard_;
  Clock& clock_;
  Safepoint& safepoint_;
  ShardWork* work_ = nullptr;
  uv_loop_t loop_{};
  uv_async_t async_{};
  uv_prepare_t prepare_{};
  uv_check_t check_{};
  uv_idle_t idle_{};  // Active while there is more to do at once: it keeps the loop from waiting.
  uv_timer_t timer_{};
  std::thread thread_;
  std::atomic<bool> is_stopping_{false};
  std::function<void()> last_;
  bool is_in_turn_ = false;
  std::uint64_t turn_began_us_ = 0;
  std::uint64_t timer_at_us_ = UINT64_MAX;
  std::atomic<std::uint64_t> busy_us_{0};
  std::atomic<std::uint64_t> turns_{0};
};

}  // namespace hotline

// Watchdog: a thread that notices calls into modules which take too long, and ends those beyond their hard
// budget.
//
// A call costs it nothing: no clock is read. The watchdog looks at all threads every few milliseconds and
// knows a call again by its number. A call is slow when it has been seen for its soft budget. It is ended
// when its thread has worked on it for its hard budget (of processor time, so that a busy machine charges
// nobody), or it has been seen for ten times as long, whatever it waits for. The thread gets a signal, and
// its handler jumps out if the module's own code is running then; else the next look tries again. A call that
// cannot be ended so for `stuck_us` ends the process: its shard would serve nobody ever again.
//
// Threads: its own.
#pragma once

#include <signal.h>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <thread>

#include "base/clock.h"

namespace hotline {

struct GuardedThread;

// Ignored by default: one that comes late harms nobody.
inline constexpr int watchdog_signal = SIGURG;

class Watchdog {
 public:
  struct Settings {
    std::uint64_t look_every_us = 5'000;
    std::uint64_t stuck_us = 20'000'000;
  };
  Watchdog(Clock& clock, Settings settings);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  struct Seen {
    std::uint64_t number = 0;
    std::uint64_t since_us = 0;
    std::uint64_t since_cpu_us = 0;
    bool is_looked_at = false;
  };
  void serve();
  void look();
  void look_at(GuardedThread& thread, Seen& seen, std::uint64_t now_us) const;

  Clock& clock_;
  const Settings settings_;
  std::map<const GuardedThread*, Seen> seen_;
  std::mutex mutex_;
  std::condition_variable ends_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace hotline

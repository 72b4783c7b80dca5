#include "push/watchdog.h"

#include <pthread.h>
#include <time.h>

#include <chrono>

#include "push/guarded_thread.h"

namespace hotline {

namespace {

constexpr std::uint64_t waiting_factor = 10;  // A call that waits may take so many times its hard budget.

// Processor time of another thread; it lives while it is looked at.
std::uint64_t cpu_us(pthread_t thread) {
  clockid_t clock{};
  timespec time{};
  if (pthread_getcpuclockid(thread, &clock) != 0 || clock_gettime(clock, &time) != 0) return 0;
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec) / 1'000;
}

}  // namespace

Watchdog::Watchdog(Clock& clock, Settings settings)
    : clock_(clock), settings_(settings), thread_([this] { serve(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  ends_.notify_all();
  thread_.join();
}

void Watchdog::serve() {
  std::unique_lock lock(mutex_);
  while (!ends_.wait_for(lock, std::chrono::microseconds(settings_.look_every_us),
                         [this] { return is_ending_; }))
    look();
}

void Watchdog::look() {
  for (auto& [thread, seen] : seen_) seen.is_looked_at = false;
  const std::uint64_t now_us = clock_.mono_us();
  each_guarded_thread([this, now_us](GuardedThread& thread) {
    Seen& seen = seen_[&thread];
    seen.is_looked_at = true;
    look_at(thread, seen, now_us);
  });
  std::erase_if(seen_, [](const auto& entry) { return !entry.second.is_looked_at; });
}

void Watchdog::look_at(GuardedThread& thread, Seen& seen, std::uint64_t now_us) const {
  const std::uint64_t number = thread.number.load(std::memory_order_acquire);
  if (number == 0 || number != seen.number) {
    seen.number = number;
    seen.since_us = now_us;
    seen.since_cpu_us = number == 0 ? 0 : cpu_us(thread.thread);
    return;
  }
  const std::uint64_t took_us = now_us - seen.since_us;
  const std::uint64_t slow_us = thread.slow_us.load(std::memory_order_relaxed);
  const std::uint64_t hard_us = thread.hard_us.load(std::memory_order_relaxed);
  if (slow_us != 0 && took_us >= slow_us) thread.seen_slow.store(number, std::memory_order_relaxed);
  if (hard_us == 0 || took_us < hard_us) return;
  if (took_us < waiting_factor * hard_us && cpu_us(thread.thread) - seen.since_cpu_us < hard_us) return;
  thread.to_end.store(number, std::memory_order_relaxed);
  pthread_kill(thread.thread, took_us < settings_.stuck_us ? watchdog_signal : SIGABRT);
}

}  // namespace hotline

// Loop: one thread's sockets and timers, on epoll. Everything it calls runs on the thread that turns it.
//
// A turn is: wait, sockets that are ready, timers that are due, then the flush of all that was queued for
// writing meanwhile. So what one turn produces for a connection leaves in one write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

namespace hotline::bench {

class Loop {
 public:
  class Source {
   public:
    virtual ~Source() = default;
    virtual void on_ready(std::uint32_t events) = 0;
    virtual void flush() {}
  };
  using TimerKey = std::pair<std::int64_t, std::uint64_t>;

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // `source` must outlive the loop or its forget(). False, with errno, when the kernel refuses.
  bool watch(int fd, std::uint32_t events, Source* source);
  void change(int fd, std::uint32_t events, Source* source);
  void forget(int fd, Source* source);
  // Calls source->flush() at the end of this turn.
  void flush_later(Source* source) { to_flush_.push_back(source); }

  TimerKey at(std::int64_t due_ns, std::function<void()> then);
  void cancel(const TimerKey& timer) { timers_.erase(timer); }

  // Waits no longer than until `until_ns`. Calls `before_flush` after sockets and timers.
  void turn(std::int64_t until_ns, const std::function<void()>& before_flush = {});

 private:
  void run_timers();

  int epoll_ = -1;
  std::uint64_t timer_count_ = 0;
  std::map<TimerKey, std::function<void()>> timers_;
  std::vector<Source*> to_flush_;
  std::vector<Source*> flushing_;
};

}  // namespace hotline::bench

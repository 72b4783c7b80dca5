#include "loop.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "clock.h"

namespace hotline::bench {

Loop::Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) throw std::runtime_error("epoll_create1 failed");
}

Loop::~Loop() {
  close(epoll_);
}

bool Loop::watch(int fd, std::uint32_t events, Source* source) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = source;
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void Loop::change(int fd, std::uint32_t events, Source* source) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = source;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
}

void Loop::forget(int fd, Source* source) {
  epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
  std::erase(to_flush_, source);
  std::replace(flushing_.begin(), flushing_.end(), source, static_cast<Source*>(nullptr));
}

Loop::TimerKey Loop::at(std::int64_t due_ns, std::function<void()> then) {
  const TimerKey key{due_ns, ++timer_count_};
  timers_.emplace(key, std::move(then));
  return key;
}

void Loop::run_timers() {
  const std::int64_t now = now_ns();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    const auto then = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    then();
  }
}

void Loop::turn(std::int64_t until_ns, const std::function<void()>& before_flush) {
  const std::int64_t due = timers_.empty() ? until_ns : std::min(until_ns, timers_.begin()->first.first);
  const std::int64_t left = to_flush_.empty() ? std::max<std::int64_t>(0, due - now_ns()) : 0;
  const timespec wait{left / ns_per_s, left % ns_per_s};
  std::array<epoll_event, 256> ready{};
  const int count = epoll_pwait2(epoll_, ready.data(), static_cast<int>(ready.size()), &wait, nullptr);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = ready[static_cast<std::size_t>(i)];
    static_cast<Source*>(event.data.ptr)->on_ready(event.events);
  }
  run_timers();
  if (before_flush) before_flush();
  std::swap(flushing_, to_flush_);
  for (std::size_t i = 0; i < flushing_.size(); ++i) {
    if (flushing_[i] != nullptr) flushing_[i]->flush();
  }
  flushing_.clear();
}

}  // namespace hotline::bench

#include "shard/loop.h"

#include <algorithm>

#include "base/check.h"
#include "base/time_slice.h"

namespace hotline {

namespace {
Loop& self(void* data) {
  return *static_cast<Loop*>(data);
}
}  // namespace

Loop::Loop(std::uint32_t shard, Clock& clock, Safepoint& safepoint)
    : shard_(shard), clock_(clock), safepoint_(safepoint) {
  check(uv_loop_init(&loop_) == 0, "a loop can be made");
  check(uv_async_init(&loop_, &async_, [](uv_async_t* handle) { self(handle->data).begin_turn(); }) == 0,
        "a loop has a wake-up");
  async_.data = this;
  uv_prepare_init(&loop_, &prepare_);
  uv_check_init(&loop_, &check_);
  uv_idle_init(&loop_, &idle_);
  uv_timer_init(&loop_, &timer_);
  prepare_.data = check_.data = idle_.data = timer_.data = this;
}

Loop::~Loop() {
  check(!thread_.joinable(), "a loop is stopped before it is destroyed");
  for (uv_handle_t* handle :
       {reinterpret_cast<uv_handle_t*>(&async_), reinterpret_cast<uv_handle_t*>(&prepare_),
        reinterpret_cast<uv_handle_t*>(&check_), reinterpret_cast<uv_handle_t*>(&idle_),
        reinterpret_cast<uv_handle_t*>(&timer_)})
    uv_close(handle, nullptr);
  uv_run(&loop_, UV_RUN_DEFAULT);
  uv_loop_close(&loop_);
}

Result<void> Loop::start(ShardWork& work) {
  work_ = &work;
  uv_prepare_start(&prepare_, [](uv_prepare_t* handle) {
    Loop& loop = self(handle->data);
    loop.close_turn();  // Open when only timers ran.
    loop.arm_timer();
  });
  uv_check_start(&check_, [](uv_check_t* handle) { self(handle->data).close_turn(); });
  try {
    thread_ = std::thread([this] { serve(); });
  } catch (const std::system_error& error) {
    return Error{std::string("no thread for a shard: ") + error.what()};
  }
  return {};
}

void Loop::serve() {
  ask_for_short_slices();
  uv_run(&loop_, UV_RUN_DEFAULT);
  safepoint_.park(shard_);
}

void Loop::stop(const std::function<void()>& last) {
  if (!thread_.joinable()) return;
  last_ = last;
  is_stopping_.store(true, std::memory_order_release);
  wake();
  thread_.join();
}

void Loop::wake() {
  uv_async_send(&async_);
}

void Loop::open_turn() {
  is_in_turn_ = true;
  turn_began_us_ = clock_.mono_us();
  work_->begin_turn();
  safepoint_.unpark(shard_);
}

void Loop::close_turn() {
  if (!is_in_turn_) {
    if (!uv_is_active(reinterpret_cast<uv_handle_t*>(&idle_))) return;
    open_turn();  // There was more to do.
  }
  work_->take_inbox();
  const bool has_more = work_->end_turn();
  if (has_more) {
    uv_idle_start(&idle_, [](uv_idle_t*) {});
  } else {
    uv_idle_stop(&idle_);
  }
  if (is_stopping_.load(std::memory_order_acquire) && last_ != nullptr) {
    last_();
    last_ = nullptr;
    uv_stop(&loop_);
  }
  is_in_turn_ = false;
  safepoint_.park(shard_);
  busy_us_.fetch_add(clock_.mono_us() - turn_began_us_, std::memory_order_relaxed);
  turns_.fetch_add(1, std::memory_order_relaxed);
}

void Loop::arm_timer() {
  const std::uint64_t at_us = work_->next_timer_us();
  if (at_us == timer_at_us_) return;
  timer_at_us_ = at_us;
  if (at_us == UINT64_MAX) {
    uv_timer_stop(&timer_);
    return;
  }
  const std::uint64_t now_us = clock_.mono_us();
  const std::uint64_t wait_ms = at_us <= now_us ? 0 : (at_us - now_us + 999) / 1000;
  uv_timer_start(
      &timer_,
      [](uv_timer_t* handle) {
        Loop& loop = self(handle->data);
        loop.begin_turn();
        loop.timer_at_us_ = UINT64_MAX;
        loop.work_->run_timers();
      },
      wait_ms, 0);
}

}  // namespace hotline

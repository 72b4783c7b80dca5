// ControlQueue: what other threads want done on the control thread.
//
// Threads: push() from any; construction and destruction on the control thread, whose loop must run on until
// the handle is closed. What was pushed and has not run by then is dropped.
#pragma once

#include <uv.h>

#include <functional>
#include <mutex>
#include <vector>

namespace hotline {

class ControlQueue {
 public:
  explicit ControlQueue(uv_loop_t* loop) : core_(new Core) {
    uv_async_init(loop, &core_->wake, [](uv_async_t* handle) { static_cast<Core*>(handle->data)->run(); });
    core_->wake.data = core_;
  }
  ~ControlQueue() {
    {
      const std::lock_guard lock(core_->mutex);
      core_->is_closed = true;
      core_->waiting.clear();
    }
    uv_close(reinterpret_cast<uv_handle_t*>(&core_->wake),
             [](uv_handle_t* handle) { delete static_cast<Core*>(handle->data); });
  }
  ControlQueue(const ControlQueue&) = delete;
  ControlQueue& operator=(const ControlQueue&) = delete;

  void push(std::function<void()> act) {
    const std::lock_guard lock(core_->mutex);
    if (core_->is_closed) return;
    core_->waiting.push_back(std::move(act));
    uv_async_send(&core_->wake);
  }

 private:
  struct Core {  // The loop's, until its handle is closed.
    uv_async_t wake{};
    std::mutex mutex;
    std::vector<std::function<void()>> waiting;
    bool is_closed = false;

    void run() {
      std::vector<std::function<void()>> now;
      {
        const std::lock_guard lock(mutex);
        now.swap(waiting);
      }
      for (const std::function<void()>& act : now) act();
    }
  };
  Core* const core_;
};

}  // namespace hotline

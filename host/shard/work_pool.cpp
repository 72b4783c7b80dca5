#include "shard/work_pool.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace hotline {

ThreadWorkPool::ThreadWorkPool(std::size_t threads, std::size_t waiting_max, int nice)
    : waiting_max_(waiting_max), nice_(nice) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { serve(); });
}

ThreadWorkPool::~ThreadWorkPool() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool ThreadWorkPool::submit(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (is_ending_ || waiting_.size() >= waiting_max_) return false;
    waiting_.push_back(std::move(work));
  }
  changed_.notify_one();
  return true;
}

bool ThreadWorkPool::has_room() {
  const std::lock_guard lock(mutex_);
  return waiting_.size() < waiting_max_;
}

bool ThreadWorkPool::is_idle() {
  const std::lock_guard lock(mutex_);
  return waiting_.empty() && running_ == 0;
}

void ThreadWorkPool::serve() {
  // Logins by password may wait a little; messages may not wait for them.
  if (nice_ != 0) setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), nice_);
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_ending_ || !waiting_.empty(); });
    if (is_ending_) return;
    std::function<void()> work = std::move(waiting_.front());
    waiting_.pop_front();
    ++running_;
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
    --running_;
  }
}

}  // namespace hotline

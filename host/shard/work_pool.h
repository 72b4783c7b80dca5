// WorkPool: computations that would hold up a loop (PBKDF2), done elsewhere. Bounded.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace hotline {

class WorkPool {
 public:
  virtual ~WorkPool() = default;
  // Runs `work` on some other thread; false when too much is waiting already. [any thread]
  virtual bool submit(std::function<void()> work) = 0;
  virtual bool has_room() = 0;  // Whether submit() would take something now. [any thread]
};

// Destruction drops what has not begun and waits for what has.
class ThreadWorkPool final : public WorkPool {
 public:
  // `nice`: how much lower than the shards' their priority is.
  ThreadWorkPool(std::size_t threads, std::size_t waiting_max, int nice);
  ~ThreadWorkPool() override;
  bool submit(std::function<void()> work) override;
  bool has_room() override;
  bool is_idle();  // Nothing waits, and nothing runs. [any thread]

 private:
  void serve();

  const std::size_t waiting_max_;
  const int nice_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  std::size_t running_ = 0;
  bool is_ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace hotline

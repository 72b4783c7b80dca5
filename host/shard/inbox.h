// Inbox: what other threads have for a shard. Many writers, one reader; batches both ways.
//
// A writer appends a whole batch under one short lock and wakes the shard only when nobody has for what lies
// there and the shard is not in a turn already: a wake-up is a system call on either side and a switch of
// context. A writer that knows that the shard will soon wake by itself appends quietly and nudges it later,
// should that have been wrong. Bounded: senders ask has_room() before they promise anything; what must not be
// lost (a command's answer, a connection that moves) is taken past the bound, which is why push() does not
// refuse.
#pragma once

#include <atomic>
#include <functional>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

namespace hotline {

template <typename Item>
class Inbox {
 public:
  // `wake` is called from any thread when the inbox stops being empty.
  Inbox(std::size_t items_max, std::function<void()> wake) : items_max_(items_max), wake_(std::move(wake)) {}

  bool has_room() const { return size_.load(std::memory_order_relaxed) < items_max_; }
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }

  // Takes all of `batch` and leaves it empty.
  void push(std::vector<Item>& batch) {
    if (batch.empty()) return;
    bool is_told = false;
    {
      const std::lock_guard lock(mutex_);
      append(batch);
      is_told = std::exchange(is_told_, true);
    }
    if (!is_told) wake_if_resting();
  }
  // The same, but a resting shard is left alone: the writer calls nudge() before it rests itself or within a
  // bounded time.
  void push_quietly(std::vector<Item>& batch) {
    if (batch.empty()) return;
    const std::lock_guard lock(mutex_);
    append(batch);
  }
  // Wakes the shard when something still lies here that it was not woken for.
  void nudge() {
    bool is_told = true;
    {
      const std::lock_guard lock(mutex_);
      if (!items_.empty()) is_told = std::exchange(is_told_, true);
    }
    if (!is_told) wake_if_resting();
  }
  void push_one(Item item) {
    std::vector<Item> batch;
    batch.push_back(std::move(item));
    push(batch);
  }

  // The reader is in a turn and will take() before it rests: writers need not wake it.
  void begin_turn() { is_in_turn_.store(true, std::memory_order_seq_cst); }
  // The turn is over. True: something came that was not taken; do not go to sleep.
  bool end_turn() {
    is_in_turn_.store(false, std::memory_order_seq_cst);
    return size_.load(std::memory_order_seq_cst) > 0;
  }

  // Swaps everything out into `batch`, which must be empty. The reader's thread.
  void take(std::vector<Item>& batch) {
    const std::lock_guard lock(mutex_);
    items_.swap(batch);
    is_told_ = false;
    size_.store(0, std::memory_order_relaxed);
  }

 private:
  void append(std::vector<Item>& batch) {  // Under mutex_.
    if (items_.empty()) {
      items_.swap(batch);
    } else {
      items_.insert(items_.end(), std::make_move_iterator(batch.begin()),
                    std::make_move_iterator(batch.end()));
      batch.clear();
    }
    size_.store(items_.size(), std::memory_order_seq_cst);
  }
  // Append, then look; the reader rests, then looks: one of the two sees the other (both seq_cst).
  void wake_if_resting() {
    if (!is_in_turn_.load(std::memory_order_seq_cst)) wake_();
  }

  const std::size_t items_max_;
  const std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<Item> items_;
  bool is_told_ = false;  // The reader was woken for what lies here. Under mutex_.
  std::atomic<std::size_t> size_{0};
  std::atomic<bool> is_in_turn_{false};
};

}  // namespace hotline

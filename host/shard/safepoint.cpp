#include "shard/safepoint.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace hotline {

namespace {
constexpr std::uint64_t attempt_gap_us = 300;  // Between attempts, so that shards get on with their work.
// As long as falling asleep and being woken would take. Who waits longer lets others have the processor.
constexpr std::uint64_t spin_us = 200;
}  // namespace

Safepoint::Safepoint(std::uint32_t shards, Clock& clock) : clock_(clock), states_(shards) {}

void Safepoint::park(std::uint32_t shard) {
  states_[shard].is_running.store(false, std::memory_order_seq_cst);
  if (!pending_.load(std::memory_order_seq_cst)) return;
  // The others may be waiting for just this one.
  const std::lock_guard lock(mutex_);
  if (is_attempted() && all_stopped()) swap_now();
}

void Safepoint::unpark(std::uint32_t shard) {
  // Store, then look: either this shard sees that a swap is pending and arrives, or the one who
  // counts the parked sees that it runs. Both need the total order of seq_cst.
  states_[shard].is_running.store(true, std::memory_order_seq_cst);
  if (pending_.load(std::memory_order_seq_cst)) arrive(shard);
}

// Whoever came here because a swap was pending may have got the lock only after the attempt was given up.
// Between two attempts shards begin events without arriving, so nobody may swap then.
bool Safepoint::is_attempted() const {
  return swap_ != nullptr && !is_done_ && pending_.load();
}

bool Safepoint::all_stopped() const {
  return std::all_of(states_.begin(), states_.end(), [](const State& state) {
    return state.has_arrived || !state.is_running.load(std::memory_order_seq_cst);
  });
}

void Safepoint::swap_now() {
  (*swap_)();
  is_done_ = true;
  done_.store(attempt_, std::memory_order_release);
  pending_.store(false, std::memory_order_seq_cst);
  changed_.notify_all();
}

void Safepoint::arrive(std::uint32_t shard) {
  const std::uint64_t from = clock_.mono_us();
  std::uint64_t attempt = 0;
  State& self = states_[shard];
  {
    const std::lock_guard lock(mutex_);
    if (!is_attempted() || self.attempt == attempt_) return;
    attempt = attempt_;
    self.has_arrived = true;
    if (all_stopped()) swap_now();
  }
  for (std::uint64_t now_us = from;
       done_.load(std::memory_order_acquire) != attempt && now_us < attempt_ends_us_.load();
       now_us = clock_.mono_us()) {
    if (now_us - from < spin_us)
      __builtin_ia32_pause();
    else
      std::this_thread::yield();
  }
  const std::lock_guard lock(mutex_);
  if (!is_done_) self.attempt = attempt;  // Given up: on with the events until the next attempt.
  self.has_arrived = false;
  pause_us_max_ = std::max(pause_us_max_, clock_.mono_us() - from);
  changed_.notify_all();
}

Safepoint::Outcome Safepoint::run(const std::function<void()>& swap, const Patience& patience) {
  const std::uint64_t begun_us = clock_.mono_us();
  Outcome outcome;
  std::unique_lock lock(mutex_);
  swap_ = &swap;
  is_done_ = false;
  pause_us_max_ = 0;
  for (std::uint64_t now_us = begun_us; !is_done_ && now_us - begun_us < patience.deadline_us;
       now_us = clock_.mono_us()) {
    ++outcome.attempts;
    ++attempt_;
    const std::uint64_t attempt_us =
        std::max(patience.attempt_us, std::min((now_us - begun_us) / 2, patience.attempt_us_max));
    attempt_ends_us_.store(now_us + attempt_us);
    pending_.store(true, std::memory_order_seq_cst);
    if (all_stopped()) {  // Everybody is parked.
      swap_now();
      break;
    }
    changed_.wait_for(lock, std::chrono::microseconds(attempt_us), [this] { return is_done_; });
    if (is_done_) break;
    pending_.store(false, std::memory_order_seq_cst);
    changed_.wait_for(lock, std::chrono::microseconds(attempt_gap_us), [this] { return is_done_; });
  }
  pending_.store(false, std::memory_order_seq_cst);
  // A shard may still be on its way out of arrive(): the pause it will report is awaited, so that the figure
  // is whole.
  swap_ = nullptr;
  const bool swapped = is_done_;
  for (int i = 0; i < 100; ++i) {
    const bool waiting =
        std::any_of(states_.begin(), states_.end(), [](const State& state) { return state.has_arrived; });
    if (!waiting) break;
    changed_.wait_for(lock, std::chrono::microseconds(200));
  }
  outcome.swapped = swapped;
  outcome.pause_us_max = pause_us_max_;
  return outcome;
}

}  // namespace hotline

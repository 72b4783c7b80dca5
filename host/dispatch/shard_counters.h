// What one shard has done, as numbers that only grow. Written by its thread, read by any: relaxed atomics,
// since a reader wants a recent value and never an exact moment.
#pragma once

#include <atomic>
#include <cstdint>

namespace hotline {

class Counter {
 public:
  void add(std::uint64_t amount = 1) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct ShardCounters {
  Counter accepted, closed, logins, refused_connections;
  Counter stanzas_in, stanzas_out, bytes_in, bytes_out;
  Counter posts_local, posts_out, posts_in;
  Counter mailbox_put, mailbox_accepted, mailbox_full, messages_drained;
  Counter sessions_resumed, sessions_expired, slow_readers_cut;
  Counter calls, faults, unclaimed;
  Counter safe_answers_late;
  // As they are now.
  std::atomic<std::uint64_t> connections{0}, sessions{0}, detached{0}, accounts{0}, mailbox_entries{0};
};

}  // namespace hotline

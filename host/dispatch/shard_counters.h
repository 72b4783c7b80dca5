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
  Counter accepted, closed, logins, refused_connections, refused_proxy_headers;
  Counter stanzas_in, stanzas_out, messages_in;
  Counter posts_local, posts_out, posts_in;
  Counter mailbox_put, mailbox_accepted, mailbox_full, mailbox_expired, messages_drained;
  Counter sessions_resumed, sessions_expired, slow_readers_cut, silent_clients_cut;
  Counter calls, faults, unclaimed;
  Counter safe_answers_late;
  Counter http_requests, http_refused, refused_transfers;

  void mailbox_changed(std::int64_t boxes, std::int64_t entries, std::int64_t bytes) {
    const auto move = [](std::atomic<std::uint64_t>& gauge, std::int64_t by) {
      gauge.store(gauge.load(std::memory_order_relaxed) + static_cast<std::uint64_t>(by),
                  std::memory_order_relaxed);
    };
    move(mailboxes, boxes);
    move(mailbox_entries, entries);
    move(mailbox_bytes, bytes);
  }

  // As they are now.
  std::atomic<std::uint64_t> connections{0}, sessions{0}, detached{0}, accounts{0};
  std::atomic<std::uint64_t> mailboxes{0}, mailbox_entries{0},
      mailbox_bytes{0};  // Mailboxes that are not empty.
};

}  // namespace hotline

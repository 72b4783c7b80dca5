// Bodies: which bodies of a shard's mailbox entries are in memory.
//
// Beyond a bound, bodies are given up that are safely on disk: the large ones first, then those that have
// been there longest. An entry keeps its place, its size and all else; its body is read back when it is
// wanted. Nothing here waits for the disk.
//
// Threads: its shard's. The store's answer comes back through `come_back`.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <vector>

#include "state/mailbox.h"
#include "state/store.h"

namespace hotline {

class Bodies {
 public:
  // Runs a call on this shard's thread, in a later turn; called from any thread.
  using ComeBack = std::function<void(std::function<void()> call)>;

  Bodies(Store& store, std::uint64_t memory_bytes_max, ComeBack come_back)
      : store_(store), bytes_max_(memory_bytes_max), come_back_(std::move(come_back)) {}

  // The life of an entry in its mailbox.
  void entered(MailboxEntry& entry);  // With its body, or on disk without one.
  void is_safe(MailboxEntry& entry);  // It has reached the disk: its body may be given up.
  void left(MailboxEntry& entry);     // Before it leaves the mailbox.
  // Entries of that partition go to another shard: what is being read for them is not waited for.
  void leave(std::uint32_t partition);

  // Gives up what is beyond the bound, as far as it may.
  void give_up();

  // Reads the bodies of entries that have none. `then` is called in a later turn: false when the disk
  // could not be read, and it is worth trying again. An entry that the store does not have any more is
  // marked is_missing.
  void read(std::vector<Ref<MailboxEntry>> entries, std::function<void(bool is_read)> then);

  // Read by any thread.
  std::uint64_t memory_bytes() const { return bytes_.load(std::memory_order_relaxed); }
  std::uint64_t given_up() const { return given_up_.load(std::memory_order_relaxed); }    // Since the start.
  std::uint64_t read_back() const { return read_back_.load(std::memory_order_relaxed); }  // Since the start.

 private:
  struct Queue {
    MailboxEntry* oldest = nullptr;
    MailboxEntry* newest = nullptr;
    void push(MailboxEntry& entry);
    void remove(MailboxEntry& entry);
  };
  struct Reading {
    std::vector<Ref<MailboxEntry>> entries;
    std::function<void(bool)> then;
  };
  Queue& queue_of(const MailboxEntry& entry);
  void take_in(MailboxEntry& entry);
  void give_up(Queue& queue);
  void came(std::uint64_t number, const Result<StoredBodies>& bodies);
  static void grow(std::atomic<std::uint64_t>& figure, std::uint64_t by) {
    figure.store(figure.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }

  Store& store_;
  const std::uint64_t bytes_max_;
  const ComeBack come_back_;
  Queue large_, small_;  // Entries on disk whose bodies are in memory, by when they came into it.
  std::atomic<std::uint64_t> bytes_{0}, given_up_{0}, read_back_{0};
  std::unordered_map<std::uint64_t, Reading> readings_;
  std::uint64_t last_reading_ = 0;
};

}  // namespace hotline

// Mailbox: the messages of an account that none of its devices has accepted yet, oldest first.
//
// An entry is put before its message is written to any socket and leaves when it is accepted, so "offline",
// "dead TCP" and "not yet acknowledged" are one state. Sessions that were sent an entry refer to it; an
// accepted entry leaves the mailbox at once and its object when the last session has forgotten it.
//
// Threads: the account's shard's.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/buffer.h"
#include "base/ref.h"
#include "state/receipt.h"

namespace hotline {

struct MailboxEntry {
  enum class Kept : std::uint8_t {
    window,     // In memory only: its group commit has not begun.
    submitted,  // With the store.
    disk,       // Safe.
  };

  std::uint64_t id = 0;
  std::uint64_t tag = 0;
  std::uint64_t wall_ms = 0;
  std::uint64_t put_us = 0;      // Clock::mono_us; 0 for one that was loaded.
  Ref<const Buffer> body;        // Null while it is on disk only: see state/bodies.h.
  std::uint32_t body_bytes = 0;  // Its size, wherever it is.
  Receipt receipt;               // Its sender's; released once accepted or on disk.
  std::uint32_t flags = 0;
  std::uint16_t module = 0;   // Whose on_drain writes it out.
  std::uint16_t holders = 0;  // Attached sessions it was sent to.
  Kept kept = Kept::window;
  std::uint8_t partition = 0;  // Its account's.
  bool is_accepted = false;
  bool is_expiring = false;  // Its sender is being told that nobody took it in time.
  bool is_missing = false;   // The store has lost its body.
  bool may_give_up = false;  // Its body may leave memory: it is in one of Bodies' queues.

  MailboxEntry* newer = nullptr;
  MailboxEntry* older = nullptr;
  MailboxEntry* body_newer = nullptr;
  MailboxEntry* body_older = nullptr;

  void set_body(Ref<const Buffer> its_body) {
    body = std::move(its_body);
    body_bytes = static_cast<std::uint32_t>(body->size());
  }

  void retain() const { ++references_; }
  void release() const {
    if (--references_ == 0) delete this;
  }

 private:
  mutable std::uint32_t references_ = 1;
};

class Mailbox {
 public:
  Mailbox() = default;
  ~Mailbox() { clear(); }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // Entries come with growing ids.
  void put(Ref<MailboxEntry> entry);
  // Takes it out; the caller's reference keeps the object.
  void remove(MailboxEntry& entry);
  void clear();

  MailboxEntry* first() const { return oldest_; }
  // The oldest entry with a greater id, or nullptr. O(1) when `id` is recent or old.
  MailboxEntry* after(std::uint64_t id) const;
  MailboxEntry* find(std::uint64_t id) const;
  MailboxEntry* find_tag(std::uint64_t tag) const;

  std::size_t size() const { return size_; }
  std::size_t bytes() const { return bytes_; }

 private:
  MailboxEntry* oldest_ = nullptr;
  MailboxEntry* newest_ = nullptr;
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace hotline

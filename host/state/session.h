// Session: one bound client of an account. It outlives its connection while it can be resumed (XEP-0198).
//
// It keeps what the client has not acknowledged, in order of sending, and both counters. It does not
// write: whoever queues a stanza writes it to the connection, if there is one.
//
// Threads: its account's shard's.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/buffer.h"
#include "base/ring.h"
#include "state/mailbox.h"
#include "state/receipt.h"

namespace hotline {

struct Account;
class Connection;

// A stanza that was sent to the client, or would have been had it been connected.
struct Outgoing {
  Ref<const Buffer> bytes;
  Ref<MailboxEntry> entry;  // Null: lost with the session.
  bool adds_to = false;     // The session's address is written into it.
};

struct StreamManagement {
  bool is_on = false;
  bool is_requested = false;  // <r/> was written and not yet answered.
  bool owes_answer = false;   // The client asked; it is answered when `owed` stanzas are safe ...
  std::uint32_t owed = 0;
  std::uint32_t owed_last = 0;     // ... and again when those are that it had sent when it asked last.
  std::uint64_t owed_us = 0;       // Since when.
  bool is_request_due = false;     // It is among those that are asked later.
  std::uint64_t requested_us = 0;  // When <r/> was written.
  std::uint32_t before = 0;        // Of `unacknowledged`, sent before it was on: not counted by the client.
  std::uint32_t acknowledged = 0;  // How many of ours the client has accepted, modulo 2^32.
  std::uint32_t resume_s = 0;      // 0: it cannot be resumed.
  Ref<const Buffer> request;       // The bytes of <r/>.
  SafeCounter safe;
};

class Session {
 public:
  static constexpr std::size_t fields_max = 16;

  Session(std::uint64_t its_handle, Account& its_account, std::string its_address, std::size_t resource_at)
      : handle(its_handle),
        account(its_account),
        address(std::move(its_address)),
        resource_at_(resource_at) {}

  const std::uint64_t handle;
  Account& account;
  const std::string address;  // Full address.
  std::string_view resource() const { return std::string_view(address).substr(resource_at_); }

  Connection* connection = nullptr;  // nullptr: detached.
  std::uint64_t since_wall_ms = 0;   // When it was bound.
  bool is_ended = false;             // It is still being told of.
  std::string sm_id;
  StreamManagement sm;
  std::array<std::int64_t, fields_max> fields{};
  Ring<Outgoing> unacknowledged;  // With stream management: all stanzas. Without: those with an entry.
  std::size_t unacknowledged_bytes = 0;
  std::uint64_t timer = 0;  // Its resumption window's end, or its answer's deadline.

  // Seconds, as the host's sweep counts them.
  std::uint32_t quiet_s = 0;  // Since the last byte from its client.
  std::uint32_t asked_s = 0;  // When it was asked for a sign of life, of those; 0: it was not.

  // The drain: entries up to `drained` have been offered.
  bool is_draining = false;
  bool is_reading = false;   // Waits for bodies from the disk.
  bool left_behind = false;  // Messages came while it was detached that it was not sent.
  std::uint64_t drained = 0;

  void push(Outgoing outgoing) {
    unacknowledged_bytes += outgoing.bytes->size();
    unacknowledged.push_back(std::move(outgoing));
  }
  Outgoing pop() {
    Outgoing front = std::move(unacknowledged.front());
    unacknowledged_bytes -= front.bytes->size();
    unacknowledged.pop_front();
    return front;
  }

 private:
  const std::size_t resource_at_;
};

}  // namespace hotline

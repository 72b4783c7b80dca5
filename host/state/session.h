// Session: one bound client of an account. It outlives its connection while it can be resumed (XEP-0198).
//
// It keeps what the client has not acknowledged, in order of sending, and both counters. It does not
// write: whoever queues a stanza writes it to the connection, if there is one.
//
// Threads: its account's shard's.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/buffer.h"
#include "base/hex.h"
#include "base/random.h"
#include "base/ring.h"
#include "base/slab.h"
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

// What a client that comes back for its session names it by (XEP-0198 5): random, hexadecimal for the client.
class SmId {
 public:
  SmId() = default;  // None.
  static SmId make(Random& random) {
    SmId id;
    random.fill(id.bytes_);
    return id;
  }
  static std::optional<SmId> parse(std::string_view text) {
    SmId id;
    if (text.size() != 2 * id.bytes_.size() || !is_hex(text)) return std::nullopt;
    for (std::size_t i = 0; i < id.bytes_.size(); ++i)
      id.bytes_.at(i) = static_cast<unsigned char>(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
    return id;
  }
  std::string text() const { return to_hex(bytes_); }
  bool is_set() const { return *this != SmId(); }
  friend bool operator==(const SmId&, const SmId&) = default;

  struct Hash {
    std::size_t operator()(const SmId& id) const noexcept {
      std::size_t hash = 0;  // They are random already.
      std::copy_n(id.bytes_.begin(), sizeof hash, reinterpret_cast<unsigned char*>(&hash));
      return hash;
    }
  };

 private:
  static unsigned nibble(char digit) {
    return static_cast<unsigned>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
  }

  std::array<unsigned char, 16> bytes_{};
};

// The numbers that modules keep in a session, by place. Nearly all are small; where one is not, all are wide.
class SessionFields {
 public:
  static constexpr std::size_t max = 16;

  std::int64_t get(std::uint32_t place) const {
    return wide_ != nullptr ? wide_->at(place) : std::int64_t{small_.at(place)};
  }
  void set(std::uint32_t place, std::int64_t value) {
    const auto small = static_cast<std::int16_t>(value);
    if (wide_ == nullptr && small == value) {
      small_.at(place) = small;
      return;
    }
    if (wide_ == nullptr) {
      wide_ = std::make_unique<std::array<std::int64_t, max>>();
      std::copy(small_.begin(), small_.end(), wide_->begin());
    }
    wide_->at(place) = value;
  }
  std::size_t held_bytes() const { return heap_bytes(wide_.get()); }

 private:
  std::array<std::int16_t, max> small_{};
  std::unique_ptr<std::array<std::int64_t, max>> wide_;
};

struct StreamManagement {
  bool is_on = false;
  bool is_requested = false;        // <r/> was written, and no answer to it has covered anything yet.
  bool owes_answer = false;         // The client asked; it is answered when `owed` stanzas are safe ...
  bool is_request_due : 1 = false;  // It is among those that are asked later.
  bool asks_again : 1 = false;      // The last <r/> was answered, and the answer covered nothing.
  std::uint32_t owed = 0;
  std::uint32_t owed_last = 0;     // ... and again when those are that it had sent when it asked last.
  std::uint32_t before = 0;        // Of `unacknowledged`, sent before it was on: not counted by the client.
  std::uint64_t owed_us = 0;       // Since when.
  std::uint64_t requested_us = 0;  // When <r/> was written, the first since one was answered.
  std::uint32_t acknowledged = 0;  // How many of ours the client has accepted, modulo 2^32.
  std::uint32_t resume_s = 0;      // 0: it cannot be resumed.
  Ref<const Buffer> request;       // The bytes of <r/>.
  SafeCounter safe;
};

class Session final : public InSlab<Session> {
 public:
  static constexpr std::size_t fields_max = SessionFields::max;

  Session(std::uint64_t its_handle, Account& its_account, std::string its_address, std::size_t resource_at)
      : handle(its_handle),
        account(its_account),
        address(std::move(its_address)),
        resource_at_(static_cast<std::uint32_t>(resource_at)) {}

  // First what a second's watch reads of those with something under way: up to and with `sm`.
  const std::uint64_t handle;
  Account& account;
  Connection* connection = nullptr;  // nullptr: detached.
  bool is_ended = false;             // It is still being told of.
  // The drain: entries up to `drained` have been offered.
  bool is_draining = false;
  bool is_reading = false;   // Waits for bodies from the disk.
  bool left_behind = false;  // Messages came while it was detached that it was not sent.
  // SessionWatch's own; in its seconds, of which 0 is none.
  bool is_busy = false;       // Something is under way.
  std::uint32_t look_s = 0;   // When it is looked at for its silence.
  std::uint32_t asked_s = 0;  // When it was asked for a sign of life; 0: it was not.
  StreamManagement sm;
  Ring<Outgoing> unacknowledged;         // With stream management: all stanzas. Without: those with an entry.
  std::size_t unacknowledged_bytes = 0;  // Of those without an entry: nobody else has them.
  std::uint64_t drained = 0;

  const std::string address;  // Full address.
  std::string_view resource() const { return std::string_view(address).substr(resource_at_); }

  std::uint64_t since_wall_ms = 0;  // When it was bound.
  SmId sm_id;
  SessionFields fields;
  std::uint64_t timer = 0;  // Its resumption window's end, or its answer's deadline.

  // What an event of its client reads of its account (base/prefetch.h).
  void prefetch_account() const;

  void push(Outgoing outgoing) {
    unacknowledged_bytes += own_bytes(outgoing);
    unacknowledged.push_back(std::move(outgoing));
  }
  // Nothing is under way: gives back what the queues keep for the next burst.
  void let_go() {
    if (unacknowledged.empty() && unacknowledged.capacity() > 0) unacknowledged.clear();
    sm.safe.let_go();
  }
  Outgoing pop() {
    Outgoing front = std::move(unacknowledged.front());
    unacknowledged_bytes -= own_bytes(front);
    unacknowledged.pop_front();
    return front;
  }

 private:
  static std::size_t own_bytes(const Outgoing& outgoing) {
    return outgoing.entry ? 0 : outgoing.bytes->size();
  }

  const std::uint32_t resource_at_;
};

}  // namespace hotline

// The format of a carried partition.
//
//     "HLPT" version(4) | part, part, … | the last part says how many there were
//     part: name(4 letters) version(2) size(4), then its fields
//
//     HEAD  whose, and what the numbers in the others name: modules, tables, session fields, listeners
//     ACCT  an account: its mailbox, rows and modules' timers
//     SESS  a session, behind its account
//     CONN  a connection; its descriptor is the next one
//     LAST  how many of each
//
// A format's version is a version of each part. A part that is not known, or in a version that is not, is
// refused by its name and both numbers: the host that carries asks first which format the other reads, and
// writes that one. Nothing here is trusted: what is not whole, or says what cannot be, is refused.
//
// The structs are plain data. Times are ages and what is left, in microseconds. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"

namespace hotline {

// The format's version. A host reads and writes all from `min` on, so that what is newer can go back to what
// is older.
inline constexpr std::uint32_t carry_version = 1;
inline constexpr std::uint32_t carry_version_min = 1;

inline constexpr std::uint64_t carried_never = UINT64_MAX;

struct CarriedReceipt {
  std::uint64_t session = 0;
  std::uint32_t stanza = 0;
  std::uint16_t shard = 0;
  std::uint8_t host = 0, partition = 0;
};

struct CarriedHead {
  struct Table {
    std::string name;
    bool is_durable = true;
  };
  std::uint32_t partition = 0;
  std::uint8_t host = 0;       // That carries.
  std::uint64_t entry_id = 0;  // The last that it gave to a mailbox entry.
  std::vector<std::string> modules, fields, listeners;
  std::vector<Table> tables;
};

struct CarriedEntry {
  enum class Kept : std::uint8_t { nowhere, with_store, on_disk };
  std::uint64_t id = 0, tag = 0, wall_ms = 0;
  std::uint32_t body_bytes = 0, flags = 0;
  std::uint16_t module = 0;  // In CarriedHead::modules.
  std::uint8_t kept = 0;     // Kept
  bool is_expiring = false;
  Ref<const Buffer> body;  // Null: it is on disk.
  CarriedReceipt receipt;
};

struct CarriedRow {
  std::uint16_t table = 0;  // In CarriedHead::tables.
  std::uint32_t schema = 0;
  std::string key, value;
};

struct CarriedTimer {
  std::uint16_t module = 0;
  std::string key;
  std::uint64_t left_us = 0;
  Ref<const Buffer> bytes;
};

struct CarriedAccount {
  std::string address;
  std::vector<CarriedEntry> entries;  // By growing ids.
  std::vector<CarriedRow> rows;
  std::vector<CarriedTimer> timers;
};

struct CarriedOutgoing {
  std::uint64_t entry = 0;  // Of its account's mailbox; 0: it is none, or was accepted.
  bool adds_to = false;
  Ref<const Buffer> bytes;  // Null: the entry's.
};

struct CarriedField {
  std::uint16_t number = 0;  // In CarriedHead::fields.
  std::int64_t value = 0;
};

struct CarriedSession {
  std::uint64_t handle = 0;
  std::uint32_t account = 0;  // Of the accounts, in their order.
  std::string resource, sm_id;
  std::uint64_t since_wall_ms = 0;
  std::uint64_t stream = 0;  // 0: detached.
  std::uint64_t resume_left_us = carried_never;
  bool is_cut =
      false;  // Its connection could not be carried: its modules are to be told that it is detached.
  bool has_sm = false, is_requested = false, owes_answer = false;
  std::uint32_t owed = 0, owed_last = 0, before = 0, acknowledged = 0, resume_s = 0;
  std::uint64_t owed_age_us = 0, requested_age_us = 0;
  Ref<const Buffer> request;
  std::uint32_t received = 0;
  std::vector<std::uint16_t> holds;  // Of what was received and is not known to be safe.
  std::vector<CarriedField> fields;  // That are not 0.
  std::vector<CarriedOutgoing> unacknowledged;
  bool is_draining = false, left_behind = false;
  std::uint64_t drained = 0;
  std::uint32_t quiet_s = 0, asked_s = 0;
};

// A framer's state between two bytes (net/framer.h).
struct CarriedFramer {
  std::string from, lang, declarations, partial;
  bool is_open = false;
  std::string reader;  // Of a WebSocket: what it has of a frame.
};

struct CarriedConnection {
  std::uint64_t handle = 0, session = 0;  // 0: it is logging in.
  std::string account, home_account, from, lang, scratch, peer;
  std::uint16_t listener = 0;  // In CarriedHead::listeners.
  bool is_loopback = false, has_from = false, was_told = false;
  std::uint32_t failures = 0;
  std::uint64_t deadline_left_us = carried_never;
  std::uint64_t resumes = 0;  // A session that it waits to resume; 0: none.
  std::uint32_t resumes_h = 0;
  std::string resumes_answer;
  // The connection itself.
  bool has_tls = false, is_opened = false, had_partial = false, has_input = false;
  bool was_heard =
      false;           // An older host's: whether something came since CarriedSession::quiet_s was counted.
  std::string tls;     // As in net/tls_frozen.h. Secret.
  std::string input;   // Decrypted and not yet framed.
  std::string output;  // Not yet sealed.
  std::string unsent;  // Sealed and not yet taken by the socket.
  std::uint64_t sent_bytes = 0;
  CarriedFramer framer;
};

struct CarriedParts {
  CarriedParts() = default;
  CarriedParts(CarriedParts&&) = default;
  CarriedParts& operator=(CarriedParts&&) = default;
  ~CarriedParts();  // Wipes what is secret.

  CarriedHead head;
  std::vector<CarriedAccount> accounts;
  std::vector<CarriedSession> sessions;
  std::vector<CarriedConnection> connections;
};

// In the format of that version; an error where it is not one that this host writes.
Result<std::string> encode_partition(const CarriedParts& parts, std::uint32_t version);
Result<CarriedParts> decode_partition(std::string_view bytes);

}  // namespace hotline

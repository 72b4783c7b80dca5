// Visits: a person's side of rooms, at the person's home: which sessions are in which room, what waits for
// them, and which rooms the account has to do with.
//
//     table "visits"        volatile   key: room, resource    value: session
//     table "memberships"   durable    key: room              value: affiliation, "created" or nothing
//
// A copy for one who stays goes into the mailbox before any session has it. It is given to sessions that are
// in the room, at once or when one enters: that is all the history there is. Without a session in the room it
// waits, but not in the room that others need: beyond copies_max entries in the mailbox no more are kept.
//
// Nothing comes from an address that the account blocks (XEP-0191 3), which may be a room, a nick in it or
// all rooms: no message, none that is kept, and no presence, not even of who leaves. Clients know what they
// have blocked. The subject is the one thing they wait for: it comes empty when who set it is blocked.
#pragma once

#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

#include "outgoing.h"
#include "privacy/blocked.h"
#include "push_notify/waiting.h"

namespace hotline::groups {

class Visits {
 public:
  Visits(const hl_host* host, const blocking::Blocked& blocked, const Outgoing& outgoing);

  // Words from rooms.
  void give(std::string_view account, std::string_view bytes) const;
  void entered(std::string_view account, std::string_view bytes) const;
  void departed(std::string_view account, std::string_view bytes) const;
  void copy(std::string_view account, const hl_stanza& stanza) const;
  void live(std::string_view account, const hl_stanza& stanza) const;
  void invitation(std::string_view account, const hl_stanza& stanza) const;
  // A presence that would make a room: counted, or refused.
  void may_create(std::string_view account, const hl_stanza& presence) const;
  void affiliation(std::string_view account, std::string_view bytes) const;
  void released(std::string_view account, std::string_view room) const;

  sdk::Status drain(const hl_drain_event& event) const;
  void session_ended(std::string_view account, hl_session session) const;
  void went_unavailable(std::string_view account, std::string_view resource) const;
  void account_removed(std::string_view account) const;

 private:
  // Calls `each(session)` for those of the account that are in the room.
  template <typename Each>
  void for_each_in(std::string_view account, std::string_view room, Each each) const;
  bool is_blocked(std::string_view account, std::string_view xml) const;
  void end_stale_visits(std::string_view account) const;
  template <typename Matches>
  void end_visits(std::string_view account, Matches matches) const;
  std::uint64_t created(std::string_view account) const;

  sdk::Sessions sessions_;
  sdk::Stanzas stanzas_;
  sdk::Mailboxes mailboxes_;
  sdk::Posts posts_;
  sdk::Clock clock_;
  sdk::Table visits_;
  sdk::Table memberships_;
  sdk::Table blocklist_;
  sdk::Field priority_;
  push_notify::Waiting waiting_;
  const blocking::Blocked& blocked_;
  const Outgoing& outgoing_;
  std::int64_t rooms_max_;
  std::int64_t copies_max_;
  std::optional<sdk::Counter> dropped_;
};

}  // namespace hotline::groups

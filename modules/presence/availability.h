// Availability: who is there, and who is told (RFC 6121 4). The presence of each session is a row;
// subscribers are told at their homes, and what was sent to one address alone is taken back when the session
// goes.
//
//     table "presence"   volatile   key: resource                    value: session '\n' the last stanza
//     table "directed"   volatile   key: resource '\n' address       value: session
//
// Rows have what the client said. What leaves has the hash of the account's picture in it (profile/photo.h).
// The session's number tells a row from one that an earlier session of the same resource left.
#pragma once

#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

#include "privacy/blocked.h"
#include "profile/photo.h"
#include "roster.h"
#include "words.h"

namespace hotline::presence {

class Availability {
 public:
  Availability(const hl_host* host, const Roster& roster, const blocking::Blocked& blocked);

  enum class Change { initial, update };
  // A session's presence, without address. HL_E_FULL: there is no room for it.
  sdk::Status available(std::string_view account, hl_session session, std::string_view xml, int priority,
                        Change* change) const;
  void unavailable(std::string_view account, hl_session session, std::string_view resource,
                   std::string_view xml) const;
  // The session has ended without saying goodbye.
  void ended(std::string_view account, hl_session session, std::string_view resource) const;
  // To one address; remembered, so that it can be taken back. HL_E_FULL: too many, or the other home is full.
  sdk::Status direct(std::string_view account, hl_session session, std::string_view to,
                     const hl_stanza& presence) const;

  // The presence of all sessions of the account, to one who may see it now, or may no longer.
  void show_to(std::string_view account, std::string_view contact) const;
  void hide_from(std::string_view account, std::string_view contact) const;
  void probe(std::string_view account, std::string_view resource, std::string_view contact) const;
  // The account's picture is another: what its sessions said, once more.
  void show_again(std::string_view account) const;
  // `listed`, an address of the account's blocklist, has come onto it or has left it (XEP-0191 3.3, 3.4).
  void block(std::string_view account, std::string_view listed) const;
  void unblock(std::string_view account, std::string_view listed) const;

  // Words from other homes.
  void on_broadcast(std::string_view account, const Word& word) const;
  void on_directed(std::string_view account, const Word& word) const;
  void on_probe(std::string_view account, const Word& word) const;

  void send_to_available(std::string_view account, std::string_view sender, std::string_view xml) const;
  bool is_available(hl_session session) const;

 private:
  void tell_subscribers(std::string_view account, std::string_view from, std::string_view xml) const;
  void take_back_directed(std::string_view account, hl_session session, std::string_view resource,
                          bool subscribers_know) const;
  // To a session, or to where it waits for one that is inactive (XEP-0352). `sender`: whose newer presence
  // takes its place.
  void give(std::string_view account, hl_session session, std::string_view sender,
            std::string_view xml) const;
  bool owns(std::string_view value, hl_session session) const;
  void post(std::string_view to, std::uint32_t topic, const Word& word) const;

  const Roster& roster_;
  const blocking::Blocked& blocked_;
  sdk::Sessions sessions_;
  sdk::Posts posts_;
  sdk::Mailboxes mailboxes_;
  profile::Photo photo_;
  sdk::Table presence_;
  sdk::Table directed_;
  sdk::Field priority_;
  sdk::Field client_state_;
};

// `xml`, a canonical presence without `to`, addressed.
std::string addressed(std::string_view xml, std::string_view to);
std::string unavailable_from(std::string_view from);

}  // namespace hotline::presence

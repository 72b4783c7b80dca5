// Delivery: what becomes of a stanza at its recipient's home (RFC 6121 8.5).
//
// Mailbox first: a message that is worth keeping is put into the account's mailbox before any session is
// given it, and leaves when one of the account's devices has accepted it. A session whose connection is gone
// but that may be resumed counts: the host keeps its queue.
#pragma once

#include <hotline/sdk.hpp>
#include <string_view>

#include "archive/keeping.h"
#include "carbons.h"
#include "client_state.h"
#include "content.h"
#include "edition.h"
#include "privacy/blocked.h"
#include "privacy/settings.h"
#include "push_notify/waiting.h"
#include "rules.h"

namespace hotline::routing {

class Delivery {
 public:
  // Its neighbours in the module.
  struct Parts {
    const Carbons& carbons;
    const Edition& edition;
    const blocking::Blocked& blocked;
    const privacy::Settings& settings;
    const ClientState& client_state;
    const archive::Keeping& archive;
  };
  Delivery(const hl_host* host, const Parts& parts);

  // A stanza posted to the home of `account`, its `to` prepared.
  sdk::Status deliver(std::string_view account, const hl_stanza& stanza) const;
  // An error stanza for a session of `account`.
  sdk::Status answer(std::string_view account, std::string_view xml) const;
  // A mailbox entry is to be written to a session.
  sdk::Status drain(const hl_drain_event& event) const;
  // Nobody took a mailbox entry in time: its sender is told, if its kind is one that is answered.
  sdk::Status expire(const hl_expiry_event& event) const;
  // An error stanza for `account`, about a message of its own: kept for it while it is away.
  sdk::Status give_back(std::string_view account, const hl_stanza& error) const;
  // A session of `account` has ended: what only it was given is offered to another.
  void session_ended(std::string_view account) const;

 private:
  struct Audience;
  Audience audience(std::string_view account, std::string_view resource) const;
  sdk::Status deliver_iq(std::string_view account, std::string_view resource, const hl_stanza& iq) const;
  sdk::Status deliver_message(std::string_view account, std::string_view resource,
                              const hl_stanza& message) const;
  // The answer of an account that is not there, or that has blocked its sender.
  sdk::Status turn_away(std::string_view resource, const hl_stanza& stanza) const;
  // How a message goes to one session.
  struct Copy {
    std::string_view account;
    const hl_stanza& message;
    const Content& content;
    hl_entry entry;         // 0: nobody keeps it.
    std::string annotated;  // What is sent in place of the message; empty: the message itself.
  };
  void send(const Audience& audience, Rule rule, Copy copy) const;
  void send_to(hl_session session, const Copy& copy) const;
  // The message with its id in the account's archive; itself when it is not archived.
  const hl_stanza& archived(std::string_view account, const hl_stanza& message, const Content& content,
                            std::string& id) const;
  bool exists(std::string_view account) const;
  sdk::Status refuse(const hl_stanza& stanza, std::string_view type, std::string_view condition,
                     std::string_view text = {}) const;

  sdk::Sessions sessions_;
  sdk::Stanzas stanzas_;
  sdk::Mailboxes mailboxes_;
  sdk::Posts posts_;
  sdk::Clock clock_;
  sdk::Config config_;
  sdk::Table accounts_;
  sdk::Field priority_;
  push_notify::Waiting waiting_;
  Parts parts_;
};

// What mailbox.accept() finds a message by when its receipt passes: its id and its sender's bare address.
std::uint64_t receipt_tag(std::string_view message_id, std::string_view sender);

// The bare part of a prepared address.
constexpr std::string_view bare(std::string_view address) {
  return address.substr(0, address.find('/'));
}

}  // namespace hotline::routing

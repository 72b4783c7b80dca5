// Subscriptions: asking to see another account's presence, and answering (RFC 6121 3). Which stanza changes
// what is in subscription.h; here is what follows from it: rows, pushes, words to the contact's home.
#pragma once

#include <hotline/sdk.hpp>
#include <string_view>

#include "availability.h"
#include "roster.h"
#include "words.h"

namespace hotline::presence {

class Subscriptions {
 public:
  Subscriptions(const hl_host* host, const Roster& roster, const Availability& availability);

  // The user sends one of the four. HL_E_FULL: the roster, or the contact's home.
  sdk::Status outbound(std::string_view account, std::string_view contact, Request request,
                       const hl_stanza& presence) const;
  // One of the four has come.
  sdk::Status inbound(std::string_view account, const Word& word) const;
  // Requests that came while nobody was there (3.1.3), to a session that has become available.
  void give_waiting(std::string_view account, hl_session session) const;
  // Ends all there is between the two; the contact is told (2.5.2). HL_E_FULL: its home takes no posts.
  sdk::Status cancel(std::string_view account, std::string_view contact, State state) const;

 private:
  sdk::Status approve_in_advance(std::string_view account, std::string_view contact, RosterItem item,
                                 bool is_approved) const;
  sdk::Status answer(std::string_view account, std::string_view contact, Request request) const;
  sdk::Status on_request(std::string_view account, const Word& word, RosterItem item) const;
  void deliver(std::string_view account, Request request, std::string_view xml) const;

  const Roster& roster_;
  const Availability& availability_;
  sdk::Sessions sessions_;
  sdk::Stanzas stanzas_;
  sdk::Posts posts_;
  sdk::Table accounts_;
  sdk::Field is_interested_;
};

}  // namespace hotline::presence

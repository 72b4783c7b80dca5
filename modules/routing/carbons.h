// Carbons: copies of a conversation for a person's other clients (XEP-0280, rules of section 6.1).
//
// A copy is sent, not kept: what must not be lost is the message itself, in the mailbox. Which session wants
// copies is its field "carbons".
#pragma once

#include <hotline/sdk.hpp>
#include <string_view>

#include "content.h"
#include "rules.h"

namespace hotline::routing {

class Carbons {
 public:
  explicit Carbons(const hl_host* host);

  // <enable/> and <disable/>. HL_E_NONE for anything else.
  sdk::Status on_iq(const hl_stanza_event& event) const;

  // `message`, from `sender` of `account`, to its other sessions. `more`: XML that goes into the copies.
  void copy_sent(std::string_view account, hl_session sender, const hl_stanza& message, MessageType type,
                 const Content& content, std::string_view more) const;

  // `message`, to `account`, to those of its sessions that `has_it(session)` does not name.
  template <typename HasIt>
  void copy_received(std::string_view account, const hl_stanza& message, MessageType type,
                     const Content& content, HasIt has_it) const {
    if (content.is_from_room || !is_eligible(type, content)) return;
    sessions_.for_each(account, [&](hl_session session) {
      if (on_.get(session) != 0 && !has_it(session)) send_received(account, session, message);
    });
  }

  static bool is_eligible(MessageType type, const Content& content);

 private:
  void send_received(std::string_view account, hl_session session, const hl_stanza& message) const;

  sdk::Sessions sessions_;
  sdk::Field on_;
};

}  // namespace hotline::routing

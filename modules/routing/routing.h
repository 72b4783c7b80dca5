// Routing: see routing.cpp, the module's page.
#pragma once

#include <hotline/sdk.hpp>
#include <string_view>

#include "archive/keeping.h"
#include "carbons.h"
#include "client_state.h"
#include "delivery.h"
#include "edition.h"
#include "privacy/blocked.h"
#include "privacy/settings.h"

namespace hotline::routing {

struct Destination;

class Routing {
 public:
  Routing(const hl_host* host, EditionKind edition);
  // Delivery refers to its neighbours: an instance stays where it is made.
  Routing(const Routing&) = delete;
  Routing& operator=(const Routing&) = delete;

  sdk::Status on_stanza(const hl_stanza_event& event);
  sdk::Status on_post(const hl_post_event& event);
  sdk::Status on_drain(const hl_drain_event& event) { return delivery_.drain(event); }
  sdk::Status on_expiry(const hl_expiry_event& event) { return delivery_.expire(event); }
  sdk::Status on_session(const hl_session_event& event);

 private:
  sdk::Status on_message(const hl_stanza_event& event);
  sdk::Status on_iq(const hl_stanza_event& event);
  // True when the stanza can go on; else the sender has been told why not.
  bool is_deliverable(const hl_stanza_event& event, const Destination& to);
  sdk::Status post(const hl_stanza_event& event, const Destination& to, const hl_stanza& stanza);
  // The stanza itself, or what takes its place.
  const hl_stanza* cleaned(const hl_stanza& stanza, const Destination& to, bool has_forgery) const;
  void accept_receipt(const hl_stanza_event& event, const Destination& to, std::string_view message_id);
  // What goes on of a message whose sender says that they have read something. Nothing when nothing does.
  const hl_stanza* without_read_markers(std::string_view account, const hl_stanza& message,
                                        const Content& content) const;
  bool is_blocked(std::string_view account, const hl_stanza& stanza, const Destination& to) const;
  // Archives what was sent, and tells the sender's other sessions.
  void note_sent(const hl_stanza_event& event, const Destination& to, const hl_stanza& message,
                 const Content& content) const;
  sdk::Status refuse(const hl_stanza_event& event, std::string_view type, std::string_view condition,
                     std::string_view text = {}) const;

  sdk::Sessions sessions_;
  sdk::Stanzas stanzas_;
  sdk::Mailboxes mailboxes_;
  sdk::Posts posts_;
  sdk::Crypto crypto_;
  sdk::Config config_;
  Edition edition_;
  blocking::Blocked blocked_;
  privacy::Settings settings_;
  Carbons carbons_;
  ClientState client_state_;
  archive::Keeping archive_;
  Delivery delivery_;
};

}  // namespace hotline::routing

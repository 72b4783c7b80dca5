// Presence: see presence.cpp, the module's page.
#pragma once

#include <hotline/sdk.hpp>

#include "availability.h"
#include "privacy/blocked.h"
#include "roster.h"
#include "roster_queries.h"
#include "subscriptions.h"

namespace hotline::presence {

class Presence {
 public:
  explicit Presence(const hl_host* host);
  // Its parts refer to one another: an instance stays where it is made.
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

  sdk::Status on_stanza(const hl_stanza_event& event);
  sdk::Status on_post(const hl_post_event& event);
  sdk::Status on_session(const hl_session_event& event);

 private:
  sdk::Status on_own_presence(const hl_stanza_event& event);
  void tell_profile(const hl_stanza_event& event) const;
  sdk::Status on_addressed(const hl_stanza_event& event);
  void account_removed(std::string_view account);
  sdk::Status refuse(const hl_stanza_event& event, std::string_view type, std::string_view condition,
                     std::string_view text = {}) const;
  sdk::Status on_word(std::uint32_t topic, std::string_view account, const Word& word);
  sdk::Status overloaded(const hl_stanza_event& event) const;

  sdk::Sessions sessions_;
  sdk::Stanzas stanzas_;
  sdk::Posts posts_;
  sdk::Crypto crypto_;
  sdk::Config config_;
  blocking::Blocked blocked_;
  Roster roster_;
  Availability availability_;
  Subscriptions subscriptions_;
  RosterQueries queries_;
};

}  // namespace hotline::presence

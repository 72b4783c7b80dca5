// RosterQueries: the roster as clients read and change it (jabber:iq:roster, RFC 6121 2).
#pragma once

#include <hotline/sdk.hpp>
#include <string_view>

#include "roster.h"
#include "subscriptions.h"

namespace hotline::presence {

class RosterQueries {
 public:
  RosterQueries(const hl_host* host, const Roster& roster, const Subscriptions& subscriptions);
  sdk::Status on_iq(const hl_stanza_event& event) const;

 private:
  struct Refusal {
    std::string_view type, condition, text;
  };
  void get(const hl_stanza_event& event, const sdk::Element& query) const;
  // Nothing when it was done.
  std::optional<Refusal> set(std::string_view account, const sdk::Element& query) const;
  std::optional<Refusal> change(std::string_view account, const std::string& contact,
                                const sdk::Element& element) const;
  std::optional<Refusal> remove(std::string_view account, const std::string& contact) const;

  const Roster& roster_;
  const Subscriptions& subscriptions_;
  sdk::Sessions sessions_;
  sdk::Stanzas stanzas_;
  sdk::Crypto crypto_;
  sdk::Field is_interested_;
};

}  // namespace hotline::presence

// SettingsQueries: how a user reads and changes what they show of themselves (settings.h).
//
//     <iq type='get'><settings xmlns='urn:hotline:privacy:0'/></iq>
//     <iq type='result'><settings xmlns='urn:hotline:privacy:0'>
//         <last-seen>contacts</last-seen>        everyone, contacts or nobody
//         <read-receipts>on</read-receipts>      on or off
//     </settings></iq>
//
// A set names those that change and is answered with all of them. It is done whole or not at all.
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <string_view>

#include "last_seen.h"
#include "settings.h"
#include "words.h"

namespace hotline::privacy {

inline constexpr std::string_view ns_settings = "urn:hotline:privacy:0";

class SettingsQueries {
 public:
  SettingsQueries(const hl_host* host, const Settings& settings, const LastSeen& last_seen);
  sdk::Status on_iq(const hl_stanza_event& event) const;
  void erase_all(std::string_view account) const;

 private:
  std::string text(std::string_view account) const;
  // Nothing when it was done.
  std::optional<Refusal> change(std::string_view account, const sdk::Element& wish) const;

  const Settings& settings_;
  const LastSeen& last_seen_;
  sdk::Sessions sessions_;
  sdk::Stanzas stanzas_;
  sdk::Table rows_;
};

}  // namespace hotline::privacy

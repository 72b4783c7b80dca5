// PreferenceQueries: a user's clients say what of the user's messages is archived (XEP-0441). The row:
// preferences.h.
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "preferences.h"

namespace hotline::archive {

class PreferenceQueries {
 public:
  explicit PreferenceQueries(const hl_host* host);

  // <prefs/>. HL_E_NONE for anything else.
  sdk::Status on_iq(const hl_stanza_event& event) const;
  void erase(std::string_view account) const { rows_.erase(account, preferences_key); }

 private:
  std::optional<privacy::Refusal> set(std::string_view account, const sdk::Element& prefs) const;
  // Adds a line for each address; nothing when all was taken.
  std::optional<privacy::Refusal> take_list(const sdk::Element& list, char sign, std::string& row,
                                            std::size_t& count) const;
  std::string prefs(std::string_view account) const;

  sdk::Sessions sessions_;
  sdk::Stanzas stanzas_;
  sdk::Crypto crypto_;
  sdk::Table rows_;
  Preferences preferences_;
};

}  // namespace hotline::archive

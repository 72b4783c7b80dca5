// Privacy: see privacy.cpp, the module's page.
#pragma once

#include <hotline/sdk.hpp>

#include "blocked.h"
#include "blocklist.h"
#include "contacts.h"
#include "last_seen.h"
#include "settings.h"
#include "settings_queries.h"

namespace hotline::privacy {

class Privacy {
 public:
  explicit Privacy(const hl_host* host);
  // Its parts refer to one another: an instance stays where it is made.
  Privacy(const Privacy&) = delete;
  Privacy& operator=(const Privacy&) = delete;

  sdk::Status on_stanza(const hl_stanza_event& event);
  sdk::Status on_post(const hl_post_event& event);
  sdk::Status on_session(const hl_session_event& event);
  sdk::Status on_timer(const hl_timer_event& event);

 private:
  sdk::Sessions sessions_;
  blocking::Blocked blocked_;
  Settings settings_;
  Blocklist blocklist_;
  LastSeen last_seen_;
  SettingsQueries settings_queries_;
  Contacts contacts_;
};

}  // namespace hotline::privacy

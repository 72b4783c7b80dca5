// Profile: see profile.cpp, the module's page.
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "audience.h"
#include "avatars.h"
#include "interest.h"
#include "items.h"
#include "notices.h"
#include "private_xml.h"
#include "pubsub.h"
#include "vcard.h"

namespace hotline::profile {

class Profile {
 public:
  explicit Profile(const hl_host* host);
  // Its parts refer to one another: an instance stays where it is made.
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  sdk::Status on_stanza(const hl_stanza_event& event);
  sdk::Status on_post(const hl_post_event& event);
  sdk::Status on_session(const hl_session_event& event);

 private:
  sdk::Status on_own(const hl_stanza_event& event);
  sdk::Status ask(const hl_stanza_event& event, std::string_view to);
  void on_asked(std::string_view account, const hl_stanza& iq);
  void account_removed(std::string_view account);

  sdk::Sessions sessions_;
  sdk::Stanzas stanzas_;
  sdk::Posts posts_;
  sdk::Crypto crypto_;
  sdk::Config config_;
  Audience audience_;
  PrivateXml private_xml_;
  VCard vcard_;
  Items items_;
  Interest interest_;
  Notices notices_;
  Pubsub pubsub_;
  Avatars avatars_;
};

}  // namespace hotline::profile

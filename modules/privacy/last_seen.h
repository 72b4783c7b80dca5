// LastSeen: when an account was last there, for who may know it (XEP-0012 with a bare address).
//
//     table "last_seen"   durable, schema 1   key: ""   value: seconds since 1970 when its last session ended
//
// Who may not know gets the answer of an account that is not there, so that asking tells nothing: not whether
// the account exists, not whether it blocks the asker, not what it has set.
#pragma once

#include <hotline/sdk.hpp>
#include <string_view>

#include "blocked.h"
#include "settings.h"
#include "topics.h"
#include "words.h"

namespace hotline::privacy {

class LastSeen {
 public:
  LastSeen(const hl_host* host, const Settings& settings, const blocking::Blocked& blocked);

  // At the asker's home.
  sdk::Status on_iq(const hl_stanza_event& event) const;
  // At the home of `account`, who is asked about.
  sdk::Status on_question(std::string_view account, const hl_stanza& iq) const;
  void session_ended(std::string_view account, hl_session session) const;
  void erase(std::string_view account) const { rows_.erase(account, ""); }

 private:
  // Seconds since it was there, 0 while it is; nothing when the asker may not know, or nobody does.
  std::optional<std::uint64_t> known_to(std::string_view account, std::string_view asker) const;
  bool may_know(std::string_view account, std::string_view asker) const;

  const Settings& settings_;
  const blocking::Blocked& blocked_;
  sdk::Sessions sessions_;
  sdk::Posts posts_;
  sdk::Crypto crypto_;
  sdk::Clock clock_;
  sdk::Config config_;
  sdk::Table rows_;
  sdk::Table roster_;
  sdk::Table accounts_;
  sdk::Field priority_;
};

}  // namespace hotline::privacy

// Audience: who may see what an account shows, and the answer for who may see nothing.
//
// A stranger that may not see something gets the answer of an account that is not there, so that asking tells
// nothing. A contact, who knows the account, is told what is the matter.
#pragma once

#include <hotline/sdk.hpp>
#include <string_view>

#include "presence/roster_item.h"
#include "privacy/blocked.h"
#include "privacy/words.h"
#include "registration/account_row.h"

namespace hotline::profile {

enum class Standing {
  nobody,    // Blocked, or there is no such account to stand with.
  stranger,  // Any account of this host.
  contact,   // May see the account's presence.
  owner,
};

class Audience {
 public:
  explicit Audience(const hl_host* host)
      : accounts_(sdk::Tables(host).open(accounts::table_name)),
        roster_(sdk::Tables(host).open("roster")),
        blocked_(host) {}

  // How `asker`, a full or bare address, stands to `account`. At the account's home.
  Standing standing(std::string_view account, std::string_view asker) const {
    if (privacy::bare(asker) == account) return Standing::owner;
    if (!accounts_.get(account, accounts::scram_key) || blocked_.covers(account, asker))
      return Standing::nobody;
    const std::optional<std::string_view> row = roster_.get(account, privacy::bare(asker));
    return row && presence::has_from(presence::state_of_row(*row)) ? Standing::contact : Standing::stranger;
  }
  bool blocks(std::string_view account, std::string_view address) const {
    return blocked_.covers(account, address);
  }
  // Calls `each(contact)` for those who may see the account's presence.
  template <typename Each>
  void for_each_contact(std::string_view account, Each each) const {
    for (auto row = roster_.next(account, ""); row; row = roster_.next(account, row->key))
      if (presence::has_from(presence::state_of_row(row->value)) && !blocked_.covers(account, row->key))
        each(row->key);
  }
  // Calls `each(contact)` for those whose presence the account may see.
  template <typename Each>
  void for_each_seen(std::string_view account, Each each) const {
    for (auto row = roster_.next(account, ""); row; row = roster_.next(account, row->key))
      if (presence::has_to(presence::state_of_row(row->value)) && !blocked_.covers(account, row->key))
        each(row->key);
  }

 private:
  sdk::Table accounts_;
  sdk::Table roster_;
  blocking::Blocked blocked_;
};

}  // namespace hotline::profile

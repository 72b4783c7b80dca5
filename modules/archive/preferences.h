// Preferences: what of an account's messages is archived, as the user has set it (XEP-0441), and the row of
// the durable table "archive_preferences", schema 1 (key: none).
//
//     always|never|roster '\n'        for whom no line says otherwise
//     '+' ADDRESS '\n'                always, with this address
//     '-' ADDRESS '\n'                never; it wins over '+'
//
// An account without a row: always. Written by archive, read by who has a message to keep (keeping.h).
#pragma once

#include <hotline/sdk.hpp>
#include <string>
#include <string_view>

#include "presence/roster_item.h"
#include "privacy/words.h"

namespace hotline::archive {

constexpr std::string_view preferences_table = "archive_preferences";
constexpr std::string_view preferences_key = "preferences";
constexpr std::string_view policy_always = "always";
constexpr std::string_view policy_never = "never";
constexpr std::string_view policy_roster = "roster";

class Preferences {
 public:
  explicit Preferences(const hl_host* host)
      : rows_(sdk::Tables(host).open(preferences_table)), roster_(sdk::Tables(host).open("roster")) {}

  // Whether messages between the account and `peer`, a prepared address, are to be archived.
  bool covers(std::string_view account, std::string_view peer) const {
    std::string_view row = this->row(account);
    const std::string_view policy = privacy::take_line(row);
    bool is_listed = false;
    while (!row.empty()) {
      const std::string_view line = privacy::take_line(row);
      if (line.empty() || !matches(line.substr(1), peer)) continue;
      if (line.front() == '-') return false;
      is_listed = true;
    }
    if (is_listed || policy == policy_always) return true;
    return policy == policy_roster && is_contact(account, peer);
  }
  std::string_view row(std::string_view account) const {
    return rows_.get(account, preferences_key).value_or("always\n");
  }

 private:
  // A listed address without a resource is for all of them (XEP-0441 2.3.1).
  static bool matches(std::string_view listed, std::string_view peer) {
    return listed == peer || listed == privacy::bare(peer);
  }
  bool is_contact(std::string_view account, std::string_view peer) const {
    const std::optional<std::string_view> row = roster_.get(account, privacy::bare(peer));
    // A request that waits is kept without being in the roster.
    return row && presence::is_listed_row(*row);
  }

  sdk::Table rows_;
  sdk::Table roster_;
};

}  // namespace hotline::archive

// RosterItem: one contact of an account, and its row in table "roster", schema 1.
//
//     key     the contact's bare address; "" is the roster's version (roster.h)
//     value   state (a digit), flags, then fields, each behind a unit separator (0x1f, which XML text cannot
//             hold): name, the request that waits, groups
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "subscription.h"

namespace hotline::presence {

struct RosterItem {
  State state = State::none;
  bool is_listed = false;    // The user sees it. A request that waits is kept without being in the roster.
  bool is_approved = false;  // A subscription that was approved before it was asked for (RFC 6121 3.4).
  std::string name;
  std::string request;  // The stanza of a request that waits for an answer.
  std::vector<std::string> groups;

  std::string encode() const;
  static std::optional<RosterItem> decode(std::string_view row);
  bool means_nothing() const { return !is_listed && !is_approved && state == State::none; }
};

// The state alone, for walks over a whole roster. `none` for a row that is none. Here, for other modules that
// read the table.
constexpr State state_of_row(std::string_view row) {
  if (row.empty() || row.front() < '0' || row.front() >= '0' + state_count) return State::none;
  return static_cast<State>(row.front() - '0');
}
// Whether the user sees the contact, likewise.
constexpr bool is_listed_row(std::string_view row) {
  return row.substr(0, row.find('\x1f')).find('l') != std::string_view::npos;
}

}  // namespace hotline::presence

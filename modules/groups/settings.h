// Settings: how a room is configured, and its row in table "rooms", schema 1.
//
//     key     "" (rooms.h has the other keys)
//     value   flags, each a digit, then fields: occupants_max, creator, key, name, description, password
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hotline::groups {

struct Settings {
  bool is_locked = true;  // Made and not yet configured: nobody but its owner may enter (XEP-0045 10.1).
  bool is_persistent = true;
  bool is_public = false;  // Listed by the service.
  bool is_moderated = false;
  bool is_members_only = false;
  bool shows_addresses = false;  // To everybody; else to moderators alone.
  bool lets_all_set_subject = false;
  bool lets_all_invite = false;
  std::uint32_t occupants_max = 0;
  std::string creator;  // Among whose rooms it counts.
  std::string key;      // Random: what occupant ids are made with (XEP-0421).
  std::string name;
  std::string description;
  std::string password;  // Empty: none is asked for.

  std::string encode() const;
  static std::optional<Settings> decode(std::string_view row);
};

}  // namespace hotline::groups

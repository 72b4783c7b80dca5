// Occupants: who is in a room now. Volatile table "occupants" of the room's account, schema 1:
//
//     "n" nick            account, role, occupant id, presence (what was inside the last one), then the
//                         resources of the sessions that are here under this nick
//     "s" full address    its nick
//
// Several devices of one account may share a nick; several accounts may not.
#pragma once

#include <hotline/sdk.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rank.h"

namespace hotline::groups {

struct Occupant {
  std::string account;
  Role role = Role::none;
  std::string id;        // XEP-0421
  std::string presence;  // XML, without what is the room's to say.
  std::vector<std::string> resources;

  std::string encode() const;
  static std::optional<Occupant> decode(std::string_view row);
};

class Occupants {
 public:
  explicit Occupants(const hl_host* host);

  std::optional<Occupant> find(std::string_view room, std::string_view nick) const;
  // The nick of a session. Empty: it is not here.
  std::string nick_of(std::string_view room, std::string_view full_address) const;
  // HL_E_FULL: there is no room for so many.
  [[nodiscard]] sdk::Status put(std::string_view room, std::string_view nick, const Occupant& occupant) const;
  // One more session. `occupant` is put as well.
  [[nodiscard]] sdk::Status add(std::string_view room, std::string_view nick, Occupant& occupant,
                                std::string_view resource) const;
  // One session goes: what is left of its occupant, who may have no session any more and is then erased.
  void remove(std::string_view room, std::string_view nick, Occupant& occupant,
              std::string_view resource) const;
  void erase(std::string_view room, std::string_view nick, const Occupant& occupant) const;

  // Calls `each(nick, row)`; Occupant::decode() reads the row. The room must not change meanwhile.
  template <typename Each>
  void for_each(std::string_view room, Each each) const {
    for (auto row = table_.next(room, nick_key); row && row->key.starts_with(nick_key);
         row = table_.next(room, row->key))
      each(row->key.substr(1), row->value);
  }
  bool is_empty(std::string_view room) const { return table_.count(room) == 0; }

 private:
  static constexpr std::string_view nick_key = "n";

  sdk::Table table_;
};

// The account of an occupant's row, for walks over all of them.
std::string_view account_of_row(std::string_view row);
Role role_of_row(std::string_view row);

}  // namespace hotline::groups

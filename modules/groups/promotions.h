// Promotions: what follows when somebody's affiliation or role changes (XEP-0045 8.2 to 8.5, 9, 10.3
// to 10.8): rows, who has to leave, who is told. Whether it may change is for the caller to ask (rank.h).
#pragma once

#include <hotline/sdk.hpp>
#include <string_view>

#include "attendance.h"

namespace hotline::groups {

struct Cause {
  std::string_view actor = {};  // A nick.
  std::string_view reason = {};
};

class Promotions {
 public:
  Promotions(const Rooms& rooms, const Occupants& occupants, const Outgoing& outgoing, const Display& display,
             const Attendance& attendance)
      : rooms_(rooms),
        occupants_(occupants),
        outgoing_(outgoing),
        display_(display),
        attendance_(attendance) {}

  // HL_E_FULL: the room has as many affiliates as it may.
  [[nodiscard]] sdk::Status set(const Place& place, std::string_view account, Affiliation after,
                                const Cause& cause) const;
  // Role::none: out of the room.
  void set(const Place& place, std::string_view nick, const Occupant& occupant, Role after,
           const Cause& cause) const;
  // An account was removed: it is nothing here any more.
  void forget(std::string_view room, std::string_view account) const;
  // The room's settings have changed: who has no place in it now leaves, roles follow.
  void apply(const Place& place) const;
  bool is_last_owner(std::string_view room, std::string_view account) const;

 private:
  // Calls `each(nick, occupant)` on copies.
  template <typename Each>
  void for_each_present(std::string_view room, std::string_view account, Each each) const;

  const Rooms& rooms_;
  const Occupants& occupants_;
  const Outgoing& outgoing_;
  const Display& display_;
  const Attendance& attendance_;
};

}  // namespace hotline::groups

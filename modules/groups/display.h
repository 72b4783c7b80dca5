// Display: how occupants are shown to one another: presence from their places in the room (XEP-0045 7.2, 8
// and 9), real addresses to those who may see them.
#pragma once

#include <hotline/sdk.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "occupants.h"
#include "outgoing.h"
#include "rooms.h"

namespace hotline::groups {

struct Place {
  std::string_view room;
  const Settings& settings;
};

// What a presence says besides who is where.
struct Notice {
  bool is_unavailable = false;
  std::vector<int> statuses = {};  // 15.6.2: for everybody.
  std::string_view new_nick = {};
  std::string_view actor = {};  // A nick.
  std::string_view reason = {};
  std::string_view destroy = {};  // XML of a room that is no more.
};

class Display {
 public:
  Display(const Rooms& rooms, const Occupants& occupants, const Outgoing& outgoing);

  // Tells everybody, the occupant's own sessions too. One that is unavailable leaves by this; its rows are
  // the caller's to erase.
  void show(const Place& place, std::string_view nick, const Occupant& occupant, Standing standing,
            const Notice& notice) const;
  // The same to all others, or to one of its own sessions.
  void show_others(const Place& place, std::string_view nick, const Occupant& occupant, Standing standing,
                   const Notice& notice) const;
  void show_self(const Place& place, std::string_view nick, const Occupant& occupant,
                 std::string_view resource, Standing standing, const Notice& notice) const;
  // What a session is told that enters: who is there, itself, the subject.
  void welcome(const Place& place, std::string_view nick, const Occupant& occupant, std::string_view resource,
               Standing standing, bool is_new_room) const;

 private:
  std::string subject_message(const Place& place, std::string_view to) const;

  const Rooms& rooms_;
  const Occupants& occupants_;
  const Outgoing& outgoing_;
};

}  // namespace hotline::groups
